export { bundleWorker } from './bundle-worker.ts';
export { devChainId, devChainSpec, devMnemonic, type DevAccount, type DevChain } from './dev-chain-spec.ts';
export { freePort, portTaken, type RunningServer, type ServerExit } from './launch.ts';
export { findNatsServer, startNats } from './nats.ts';
export { startPostgres } from './postgres.ts';
export { testDatabase, testNatsUrl, testStreamPrefix } from './resources.ts';
export { waitFor } from './wait-for.ts';
