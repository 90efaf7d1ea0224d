export {
  readChainSpec,
  readMemberKeys,
  readText,
  requireCommitteeAddresses,
  type MemberKeys,
  type MemberOptions,
} from './chain-files.ts';
export { closeInReverse, type CloseStack } from './close-in-reverse.ts';
export {
  chainSettings,
  commonSettings,
  grpcSettings,
  engineSettings,
  memberSettings,
  natsSettings,
  peerSettings,
  tlsSettings,
} from './common-settings.ts';
export { defineConfig, type ConfigDefinition, type ConfigValues } from './config.ts';
export { env, type LogLevel } from './env.ts';
export { createGate, type Gate } from './gate.ts';
export type { Logger } from './logger.ts';
export type { Registry } from './metrics.ts';
export { pause } from './pause.ts';
export { runService } from './run-service.ts';
export { defineService, type Health, type Service, type ServiceContext, type ServiceDefinition } from './service.ts';
export { secret, setting, type Setting } from './setting.ts';
export { testContext, type TestContext } from './test-context.ts';
