import { write } from 'node:fs';

/** Log bytes that may wait for a slow reader; beyond that lines are dropped and counted. */
const waitingBytesMax = 8 * 1024 * 1024;
const drainMs = 500;

/**
 * Where log lines go: a file descriptor written in order, off the event loop. A reader that has gone away is not an error:
 * what is left is lost. (pino's own destination never returns from its flush once the pipe is broken.)
 */
export class LogOutput {
  readonly #fd: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #broken = false;
  #dropped = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Lines dropped so far. */
  dropped(): number {
    return this.#dropped;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#broken || this.#waitingBytes + bytes.length > waitingBytesMax) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when every line is written, or cannot be, at most half a second later. */
  async drain(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, drainMs)));
    await Promise.race([this.#writing ?? Promise.resolve(), patience]);
    clearTimeout(timer);
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#broken) {
      let rest = Buffer.concat(this.#waiting);
      this.#waiting = [];
      while (rest.length > 0 && !this.#broken) rest = rest.subarray(await this.#writeSome(rest));
      this.#waitingBytes = this.#waiting.reduce((total, { length }) => total + length, 0);
    }
    this.#writing = undefined;
  }

  /** @returns how many bytes were taken; a non-blocking descriptor that is full takes none for now */
  #writeSome(bytes: Buffer): Promise<number> {
    return new Promise((resolve) => {
      write(this.#fd, bytes, (error, written) => {
        if (!error) return resolve(written);
        if (error.code === 'EAGAIN') return void setTimeout(resolve, 10, 0);
        this.#broken = true;
        resolve(0);
      });
    });
  }
}
