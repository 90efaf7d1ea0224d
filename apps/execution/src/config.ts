import {
  chainSettings,
  commonSettings,
  defineConfig,
  engineSettings,
  env,
  grpcSettings,
  natsSettings,
  peerSettings,
  setting,
  type ConfigValues,
} from '@sheaf/service';
import { z } from 'zod';

/** Everything that can be set about an execution member. */
export const config = defineConfig({
  ...commonSettings,
  ...grpcSettings,
  ...chainSettings,
  ...natsSettings,
  ...engineSettings,
  sequencerAddress: peerSettings.sequencerAddress,
  dataDir: setting('SHEAF_DATA_DIR', env.file(), 'Directory of the state database; made when missing'),
  lane: setting(
    'SHEAF_LANE',
    z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 of [A-Za-z0-9_-]')
      .default('0'),
    'Name of the lane that this member is of: lanes execute the same blocks, each for itself',
  ),
  partition: setting('SHEAF_PARTITION', env.integer(0, 255).default(0), 'Which of the members it is, from 0'),
  laneMembers: setting(
    'SHEAF_LANE_MEMBERS',
    env.addresses().optional(),
    'gRPC addresses of all members of the lane, the own one too, separated by commas, by partition; none: it is alone',
  ),
  laneStallMs: setting(
    'SHEAF_LANE_STALL_MS',
    env.durationMs(100, 600_000).default(30_000),
    'A try at a block that has come to nothing by then is begun anew',
  ),
  snapshotFrom: setting(
    'SHEAF_SNAPSHOT_FROM',
    env.addresses().optional(),
    'gRPC addresses of execution members, of other lanes, that a member with an empty data directory fetches its state from, separated by commas; none: it follows from genesis',
  ),
  pollMs: setting(
    'SHEAF_POLL_MS',
    env.durationMs(10, 60_000).default(1000),
    'How often the sequencer is asked for its head when the bus is silent',
  ),
  callThreads: setting('SHEAF_CALL_THREADS', env.integer(1, 16).default(1), 'Worker threads for calls and estimates'),
  callQueueMax: setting(
    'SHEAF_CALL_QUEUE_MAX',
    env.integer(0, 10_000).default(256),
    'Calls that may wait for a thread; more are refused with LIMIT',
  ),
  callTimeoutMs: setting(
    'SHEAF_CALL_TIMEOUT_MS',
    env.durationMs(10, 60_000).default(5000),
    'Longest run of one call or estimate; its thread is then replaced',
  ),
  stateHeightsKept: setting(
    'SHEAF_STATE_HEIGHTS_KEPT',
    env.integer(1, 100_000).default(256),
    'Heights below the head whose state can be read and whose witness can be made; blocks are kept for ever',
  ),
  stateCacheMib: setting(
    'SHEAF_STATE_CACHE_MIB',
    env.integer(1, 2_048).default(256),
    'Memory for branches of the state tries between blocks, MiB: a million accounts have 130',
  ),
  streamsMax: setting('SHEAF_STREAMS_MAX', env.integer(1, 10_000).default(64), 'StreamBlocks streams at a time'),
});

export type ExecutionConfig = ConfigValues<typeof config>;
