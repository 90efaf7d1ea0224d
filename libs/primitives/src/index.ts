export {
  bigintToBytes,
  bigintToFixedBytes,
  bytesToBigint,
  bytesToHex,
  compareBytes,
  concatBytes,
  equalBytes,
  hexToBytes,
  type Hex,
} from './bytes.ts';
export {
  toAddress,
  toEpoch,
  toHash32,
  toHeight,
  zeroAddress,
  zeroHash,
  type Address,
  type Epoch,
  type Hash32,
  type Height,
} from './brands.ts';
export { assert, ChainError, isChainError, type ChainErrorCode, type ChainErrorDetail } from './chain-error.ts';
export { limits } from './limits.ts';
export { pooledBytes, pooledCopy } from './pooled-bytes.ts';
export {
  decodeRlp,
  encodeRlp,
  encodeRlpBytes,
  encodeRlpList,
  encodeRlpMany,
  readRlpHeader,
  RlpBackWriter,
  RlpReader,
  type RlpItem,
} from './rlp.ts';
