import type postgres from 'postgres';

/** What may stand in `${…}`: a value, a helper, an array, JSON, or another query as a fragment. */
export type SqlParameter = postgres.ParameterOrFragment<bigint>;

/** One row to be inserted, or the columns to be set. */
export type SqlRow = Readonly<Record<string, postgres.SerializableParameter<bigint>>>;

/**
 * Tagged template for queries: `` sql<Row[]>`select … ${value}` ``. A query runs when it is awaited.
 * `int8` arrives as bigint, `bytea` as Buffer; numbers, strings, booleans, bigint, Date and Uint8Array go in.
 */
export interface Sql {
  <T extends readonly (object | undefined)[] = postgres.Row[]>(
    template: TemplateStringsArray,
    ...parameters: readonly SqlParameter[]
  ): postgres.PendingQuery<T>;
  /** A quoted identifier. */
  (identifier: string): postgres.Helper<string>;
  /** Rows for `insert into t ${sql(rows, 'a', 'b')}`, or columns for `update t set ${sql(row, 'a')}`. */
  <T extends object>(rows: T | readonly T[], ...columns: (keyof T & string)[]): postgres.Helper<T>;
  /** A list for `in ${sql(values)}`. */
  (values: readonly (string | number | bigint | Uint8Array)[]): postgres.Helper<unknown>;
  /** A parameter of type `int4[]`, for `unnest(${…})` and columns. Of arrays, `int4[]` and `bytea[]` are read; others come as text. */
  int4s(values: readonly number[]): postgres.Parameter;
  json(value: postgres.JSONValue): postgres.Parameter;
  /** SQL text as it is: for constants only. */
  unsafe<T extends readonly (object | undefined)[] = postgres.Row[]>(
    text: string,
    parameters?: readonly postgres.SerializableParameter<bigint>[],
  ): postgres.PendingQuery<T>;
}

/** The same, inside one transaction. Throws once the transaction is over or lost. */
export type Tx = Sql;

/** Object identifier of PostgreSQL's `int4[]`. */
const int4ArrayType = 1007;

/** `int4[]` as PostgreSQL writes it; without nulls and of one dimension. */
export const int4Array = {
  to: int4ArrayType,
  from: [int4ArrayType],
  serialize: (values: readonly number[]) => `{${values.join()}}`,
  parse: (text: string): number[] => (text === '{}' ? [] : text.slice(1, -1).split(',').map(Number)),
};

/** `bytea[]`, of the same kind, only to be read: each element is in quotes, its backslash doubled. */
export const byteaArray = {
  to: 1001,
  from: [1001],
  serialize(): never {
    throw new TypeError('a bytea[] is no parameter');
  },
  parse: (text: string): Buffer[] =>
    text === '{}'
      ? []
      : text
          .slice(1, -1)
          .split(',')
          .map((quoted) => Buffer.from(quoted.slice(4, -1), 'hex')),
};

export type RawSql = postgres.Sql<{ bigint: bigint }>;
export type RawTx = postgres.TransactionSql<{ bigint: bigint }>;

/** What postgres's queries have and its types do not tell: the way to the connection. */
export interface RawQuery {
  handler(query: RawQuery): void;
  reject(error: unknown): void;
}

/**
 * The narrow interface over a raw handle: without `begin`, `reserve`, `listen` and `savepoint`, which would bypass what this library guarantees.
 * `inspect` sees every query when it is made.
 */
export function asSql(raw: RawSql | RawTx, inspect: (query: RawQuery) => void = () => undefined): Sql {
  const call = raw as unknown as (...parts: unknown[]) => unknown;
  const seen = <Q>(made: Q): Q => {
    // Helpers and identifiers are no queries.
    if (made instanceof Promise) inspect(made as unknown as RawQuery);
    return made;
  };
  const sql = (...parts: unknown[]): unknown => seen(call(...parts));
  return Object.assign(sql, {
    int4s: (values: readonly number[]) => raw.typed(values as never, int4ArrayType),
    json: raw.json,
    unsafe: (text: string, parameters: never[] = []) => seen(raw.unsafe(text, parameters)),
  }) as unknown as Sql;
}
