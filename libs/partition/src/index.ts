export type { Decision, LaneFigures, LaneState, WholeBlock } from './block-end.ts';
export { bucketsOf, ownersOf } from './buckets.ts';
export { digestOfTops } from './digest-of-tops.ts';
export { Experience } from './experience.ts';
export { joinAccessLists } from './final-writes.ts';
export { LaneMember, type LaneMemberDependencies, type LaneMemberOptions } from './lane-member.ts';
export { partitionLimits } from './limits.ts';
export { laneProtocol } from './messages.ts';
export { LocalLane, type LocalLaneOptions, type Sent } from './local-lane.ts';
