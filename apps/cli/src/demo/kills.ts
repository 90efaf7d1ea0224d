import type { Member } from '../devnet/lanes.ts';

/**
 * The execution members that the demo kills, one after the other: of a lane with several first one that is not the coordinator,
 * then the coordinator. In the first lane, which the other services talk to.
 */
export function victims(members: Member[]): Member[] {
  const lane = members.filter((member) => member.lane === 0);
  return lane.length === 1 ? lane : [lane[1]!, lane[0]!];
}

/** What a victim is called in a sentence. */
export function titleOf({ name, partition }: Member, members: Member[]): string {
  if (members.length === 1) return name;
  return partition === 0 ? `${name}, the coordinator` : `${name}, not the coordinator`;
}

/** Consecutive parts of all items, as equal as can be. */
export function equalParts<T>(items: T[], count: number): T[][] {
  const from = (part: number): number => Math.floor((items.length * part) / count);
  return Array.from({ length: count }, (_, part) => items.slice(from(part), from(part + 1)));
}
