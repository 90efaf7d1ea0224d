import { malformed } from './bytes.ts';

/** The member that places a block, validates it and makes it. */
export const coordinator = 0;

/** @throws ChainError `INVALID_ARGUMENT` */
export function fromCoordinator(from: number): void {
  if (from !== coordinator) throw malformed(`is the coordinator's to send, not member ${from}'s`);
}

/** What only the coordinator has. @throws ChainError `INVALID_ARGUMENT` */
export function coordinators<T>(own: T | undefined): T {
  if (own === undefined) throw malformed('is for the coordinator, or comes before it has begun');
  return own;
}
