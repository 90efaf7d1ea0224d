import type { z } from 'zod';

/** One environment variable: how it is read, and what its documentation says. */
export interface Setting<T> {
  readonly env: string;
  readonly doc: string;
  /** Never printed, logged or repeated in an error. */
  readonly secret: boolean;
  /** The value of the variable's text, undefined when it is not set, or what is wrong with it. */
  parse(text: string | undefined): { ok: true; value: T } | { ok: false; fault: string };
}

/**
 * A setting that may be printed. The schema reads the variable's text; `.default()` or `.optional()` make it optional.
 * The document says what it is for, in one sentence with the unit.
 */
export function setting<T>(env: string, schema: z.ZodType<T>, doc: string): Setting<T> {
  return define(env, schema, doc, false);
}

/** A setting whose value is hidden wherever it could be seen. */
export function secret<T>(env: string, schema: z.ZodType<T>, doc: string): Setting<T> {
  return define(env, schema, doc, true);
}

function define<T>(env: string, schema: z.ZodType<T>, doc: string, isSecret: boolean): Setting<T> {
  return {
    env,
    doc,
    secret: isSecret,
    parse(text) {
      const result = schema.safeParse(text);
      if (result.success) return { ok: true, value: result.data };
      if (text === undefined) return { ok: false, fault: 'is required and not set' };
      const faults = result.error.issues.map((issue) => issue.message).join('; ');
      return { ok: false, fault: isSecret ? faults : `${faults}, got ${JSON.stringify(shorten(text))}` };
    },
  };
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
