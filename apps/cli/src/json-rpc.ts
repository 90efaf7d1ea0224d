import type { Hex } from '@sheaf/primitives';

/** An error that the node answered with. */
export class JsonRpcError extends Error {
  override readonly name = 'JsonRpcError';
  readonly code: number;
  readonly data: unknown;

  constructor(error: { code: number; message: string; data?: unknown }) {
    super(error.message);
    this.code = error.code;
    this.data = error.data;
  }
}

/** One call of a batch. */
export interface JsonRpcCall {
  method: string;
  params: unknown[];
}

/** An Ethereum JSON-RPC endpoint over HTTP. Answers are trusted to have the shape that the caller names. */
export interface JsonRpcClient {
  /** @throws JsonRpcError when the node answers with an error, Error when it cannot be reached in time */
  call<T>(method: string, ...params: unknown[]): Promise<T>;
  /** Results in the order of the calls; an error answer stands in its place. */
  batch<T>(calls: JsonRpcCall[]): Promise<(T | JsonRpcError)[]>;
}

interface Answer {
  id: number;
  result?: unknown;
  error?: { code: number; message: string; data?: unknown };
}

export function createJsonRpcClient(options: { url: string; timeoutMs: number }): JsonRpcClient {
  const post = async (body: unknown): Promise<unknown> => {
    const response = await fetch(options.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(options.timeoutMs),
    });
    return response.json();
  };
  const request = ({ method, params }: JsonRpcCall, id: number) => ({ jsonrpc: '2.0', id, method, params });
  const outcome = (answer: Answer | undefined): unknown => {
    if (answer === undefined) return new JsonRpcError({ code: -32603, message: 'no answer to this call of the batch' });
    return answer.error ? new JsonRpcError(answer.error) : answer.result;
  };
  return {
    async call<T>(method: string, ...params: unknown[]) {
      const result = outcome((await post(request({ method, params }, 1))) as Answer);
      if (result instanceof JsonRpcError) throw result;
      return result as T;
    },
    async batch<T>(calls: JsonRpcCall[]) {
      if (calls.length === 0) return [];
      const answers = (await post(calls.map(request))) as Answer[] | Answer;
      // A refused batch is answered with one error.
      if (!Array.isArray(answers)) return calls.map(() => outcome(answers) as JsonRpcError);
      const byId = new Map(answers.map((answer) => [answer.id, answer]));
      return calls.map((_, id) => outcome(byId.get(id)) as T | JsonRpcError);
    },
  };
}

/** A JSON-RPC quantity. */
export function quantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`;
}
