/** A failure that is told to the user as one sentence, without a stack; the command ends with exit code 1. */
export class CliError extends Error {
  override readonly name = 'CliError';
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return text(error, 'message') ?? String(error);
}

/** The `code` of a system error such as `ENOENT`; undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  return text(error, 'code');
}

/** By shape and not by class: an error may come from another realm. */
function text(error: unknown, field: string): string | undefined {
  if (typeof error !== 'object' || error === null || !(field in error)) return undefined;
  const value: unknown = error[field as keyof typeof error];
  return typeof value === 'string' ? value : undefined;
}
