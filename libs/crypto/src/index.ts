export {
  blsAggregate,
  blsFastAggregateVerify,
  blsProvePossession,
  blsPublicKey,
  blsSign,
  blsVerify,
  blsVerifyPossession,
} from './bls.ts';
export { keccak256 } from './keccak.ts';
export {
  privateKeyToAddress,
  publicKeyToAddress,
  recoverPublicKey,
  signDigest,
  type RecoverableSignature,
} from './secp256k1.ts';
export {
  createCryptoWorker,
  type CryptoWorker,
  type CryptoWorkerEvents,
  type CryptoWorkerOptions,
  type SenderItem,
} from './worker/client.ts';
export { isCryptoWorker } from './worker/messages.ts';
export { serveCryptoWorker } from './worker/serve.ts';
export { kzg } from './kzg-sizes.ts';
