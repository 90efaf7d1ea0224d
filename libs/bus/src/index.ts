export {
  topics,
  type Bus,
  type BusDelivery,
  type BusGap,
  type BusMessage,
  type BusSubscription,
  type Topic,
} from './bus.ts';
export { connectBus } from './connect.ts';
export {
  follow,
  followRanges,
  type Follower,
  type FollowDeps,
  type FollowOptions,
  type FollowRangesDeps,
  type HeightRange,
} from './follow.ts';
export { busBodyBytesMax } from './streams.ts';
export { checkBusMessage } from './message.ts';
