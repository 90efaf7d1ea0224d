import type { ClientUnaryCall } from '@grpc/grpc-js';
import { ChainError, isChainError } from '@sheaf/primitives';
import { setTimeout as pause } from 'node:timers/promises';
import { assertOpen, type Caller } from './client.ts';
import type { MethodDefinition, UnaryOptions } from './methods.ts';
import { deadlineAt, givenUp, outgoingMetadata } from './outgoing.ts';
import { fromServiceError } from './status.ts';

export interface RetryPolicy {
  attemptsMax: number;
  backoffMs: number;
  backoffMsMax: number;
}

/** One call with its retries, all before one deadline. @throws ChainError only */
export async function callUnary(
  caller: Caller,
  method: MethodDefinition,
  name: string,
  request: unknown,
  options: UnaryOptions,
): Promise<unknown> {
  const at = deadlineAt(options.deadlineMs);
  const done = caller.timer.start(method.path);
  const attemptsMax = (options.idempotent ?? /^(get|list)/.test(name)) ? caller.retry.attemptsMax : 1;
  for (let attempt = 1; ; attempt++) {
    try {
      assertOpen(caller);
      const response = await attemptOnce(caller, method, request, options, at);
      done('OK');
      return response;
    } catch (error) {
      const delayMs = backoff(caller.retry, attempt);
      const again =
        isChainError(error, 'UNAVAILABLE') && attempt < attemptsMax && !caller.isClosed() && Date.now() + delayMs < at;
      if (!again) {
        done(isChainError(error) ? error.code : 'INTERNAL');
        throw error;
      }
      caller.log?.debug({ err: error, method: method.path, address: caller.address, attempt }, 'trying again');
      await pause(delayMs, undefined, { ...(options.signal && { signal: options.signal }) }).catch(() => {});
    }
  }
}

function attemptOnce(
  caller: Caller,
  method: MethodDefinition,
  request: unknown,
  options: UnaryOptions,
  at: number,
): Promise<unknown> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(givenUp(method.path, signal));
    if (at <= Date.now())
      return reject(new ChainError({ code: 'DEADLINE', message: `${method.path}: no time is left` }));
    let call: ClientUnaryCall | undefined = undefined;
    const abort = () => call?.cancel();
    signal?.addEventListener('abort', abort, { once: true });
    call = caller.client.makeUnaryRequest(
      method.path,
      method.requestSerialize as (value: unknown) => Buffer,
      (bytes: Buffer) => method.responseDeserialize(bytes),
      request,
      outgoingMetadata(options),
      { deadline: at },
      (error, response) => {
        signal?.removeEventListener('abort', abort);
        if (!error) resolve(response);
        else if (signal?.aborted) reject(givenUp(method.path, signal));
        else reject(fromServiceError(error, { address: caller.address, method: method.path }));
      },
    );
  });
}

/** Doubles from attempt to attempt, half of it by chance, so that callers do not come back all at once. */
function backoff({ backoffMs, backoffMsMax }: RetryPolicy, attempt: number): number {
  const full = Math.min(backoffMsMax, backoffMs * 2 ** (attempt - 1));
  return full / 2 + (Math.random() * full) / 2;
}
