import type { BucketRange } from '@sheaf/state';

const bucketCount = 256;

/** The buckets of a member: contiguous, and all members' together are all 256. */
export function bucketsOf(member: number, members: number): BucketRange {
  return {
    first: Math.floor((bucketCount * member) / members),
    end: Math.floor((bucketCount * (member + 1)) / members),
  };
}

/** The member that owns each bucket. */
export function ownersOf(members: number): Uint8Array {
  const owners = new Uint8Array(bucketCount);
  for (let member = 0; member < members; member++) {
    const { first, end } = bucketsOf(member, members);
    owners.fill(member, first, end);
  }
  return owners;
}
