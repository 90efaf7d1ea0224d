/** Class 08: connection exceptions; 57P01 … 57P05: the server ends the session (administrator, crash, idle); 25P03, 25P04: it timed out. */
const lossStates = /^(08...|57P0[1-5]|25P0[34])$/;
const lossCodes = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** True when the database could not be reached or went away: worth trying again. False for errors in a statement. */
export function isConnectionLoss(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && (lossCodes.has(code) || lossStates.test(code));
}

/** True when a statement broke a unique constraint (of that name, if one is given). */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const found = error as { code?: unknown; constraint_name?: unknown } | undefined;
  return found?.code === '23505' && (constraint === undefined || found.constraint_name === constraint);
}
