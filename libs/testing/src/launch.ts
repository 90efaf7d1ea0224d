/** A server that this process started. */
export interface RunningServer {
  url: string;
  port: number;
  pid: number;
  /** Resolves when the process has ended, wanted or not. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Stops it cleanly; resolves when it has ended and its temporary files are gone. Idempotent. */
  stop(): Promise<void>;
}
