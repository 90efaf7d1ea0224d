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

/** Everything that can be set about an execution member. */
export const config = defineConfig({
  ...commonSettings,
  ...grpcSettings,
  ...chainSettings,
  ...natsSettings,
  ...engineSettings,
  sequencerAddress: peerSettings.sequencerAddress,
  dataDir: setting('SHEAF_DATA_DIR', env.file(), 'Directory of the state database; made when missing'),
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
  witnessesKept: setting(
    'SHEAF_WITNESSES_KEPT',
    env.integer(1, 1_000_000).default(1024),
    'Heights whose witness is stored; those of older ones are made anew on demand',
  ),
  streamsMax: setting('SHEAF_STREAMS_MAX', env.integer(1, 10_000).default(64), 'StreamBlocks streams at a time'),
});

export type ExecutionConfig = ConfigValues<typeof config>;
