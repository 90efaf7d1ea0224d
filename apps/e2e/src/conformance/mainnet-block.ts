// Blocks of Ethereum mainnet with the state that they read: `{fork, header, transactions, preState, blockHashes}`, the
// header and the transactions as JSON-RPC has them.
import { type TransactionFields, type TransactionType } from '@sheaf/ethereum';
import type { Fork } from '@sheaf/evm';
import { bytesToHex, hexToBytes, type Address, type Hash32, type Hex } from '@sheaf/primitives';
import { createForkRules } from '@sheaf/state-transition';
import type { BlockSetting } from './executor.ts';
import { blobPrice, forkOf } from './forks.ts';
import {
  FixtureError,
  optional,
  readAddress,
  readBytes,
  readHash,
  readIndex,
  readList,
  readObject,
  readQuantity,
  readText,
  type JsonObject,
} from './json.ts';
import { readAccessList, readAuthorization } from './state-test.ts';
import { readWorld } from './world.ts';

export interface MainnetBlock {
  /** `block 19923400`. */
  name: string;
  /** The rules that it is run under. */
  fork: Fork;
  setting: BlockSetting;
  transactions: { transaction: TransactionFields; sender: Address; hash: Hash32 }[];
  /** What its header says; `undefined` for a block of before Cancun, which is run under Cancun's rules. */
  expected: { gasUsed: bigint; receiptsRoot: Hash32; logsBloom: Hex } | undefined;
}

export function isMainnetBlock(fixture: JsonObject): boolean {
  return 'header' in fixture && 'transactions' in fixture && 'preState' in fixture;
}

/** @throws FixtureError */
export function readMainnetBlock(fixture: JsonObject): MainnetBlock {
  const header = readObject(fixture['header'], 'header');
  const quantity = (name: string) => readQuantity(header[name], `header.${name}`);
  const own = forkOf(readText(fixture['fork'], 'fork'));
  const fork = own ?? 'cancun';
  const chainId = 1n;
  const excessBlobGas = optional(header['excessBlobGas'], 'header.excessBlobGas', readQuantity) ?? 0n;
  const hashes = new Map(
    Object.entries(readObject(fixture['blockHashes'] ?? {}, 'blockHashes')).map(([number, hash]) => [
      readQuantity(number, 'blockHashes key'),
      hexToBytes(readHash(hash, `blockHashes.${number}`)),
    ]),
  );
  return {
    name: `block ${quantity('number')}`,
    fork,
    setting: {
      fork,
      chainId,
      blobs: undefined,
      world: readWorld(fixture['preState'], 'preState'),
      excessBlobGas,
      // What earlier forks charged less for would not fit.
      ...(own === undefined ? { gasMax: 2n ** 62n } : {}),
      environment: {
        coinbase: readAddress(header['miner'], 'header.miner'),
        number: quantity('number'),
        timestamp: quantity('timestamp'),
        gasLimit: quantity('gasLimit'),
        prevRandao: readHash(header['mixHash'], 'header.mixHash'),
        baseFeePerGas: optional(header['baseFeePerGas'], 'header.baseFeePerGas', readQuantity) ?? 0n,
        blobBaseFee: blobPrice(excessBlobGas, createForkRules({ fork, chainId }).blobs, 'header.excessBlobGas'),
      },
      blockHash: (number) => hashes.get(number),
    },
    transactions: readList(fixture['transactions'], 'transactions').map((entry, place) => {
      const field = `transactions[${place}]`;
      const fields = readObject(entry, field);
      return {
        transaction: readRpcTransaction(fields, field),
        sender: readAddress(fields['from'], `${field}.from`),
        hash: readHash(fields['hash'], `${field}.hash`),
      };
    }),
    expected:
      own === undefined
        ? undefined
        : {
            gasUsed: quantity('gasUsed'),
            receiptsRoot: readHash(header['receiptsRoot'], 'header.receiptsRoot'),
            logsBloom: bytesToHex(readBytes(header['logsBloom'], 'header.logsBloom')),
          },
  };
}

function readRpcTransaction(fields: JsonObject, field: string): TransactionFields {
  const quantity = (name: string) => optional(fields[name], `${field}.${name}`, readQuantity);
  const type = readIndex(fields['type'] ?? '0x0', `${field}.type`);
  if (type > 4) throw new FixtureError(`${field}.type is ${type}; 0 to 4 are known`);
  const gasPrice = quantity('gasPrice') ?? 0n;
  const list = (name: string) => optional(fields[name], `${field}.${name}`, readList) ?? [];
  return {
    type: type as TransactionType,
    chainId: quantity('chainId'),
    nonce: quantity('nonce') ?? 0n,
    gasLimit: readQuantity(fields['gas'], `${field}.gas`),
    ...(type < 2 ? { gasPrice } : {}),
    // For the later types gasPrice is what was paid, not what was offered.
    maxFeePerGas: type < 2 ? gasPrice : (quantity('maxFeePerGas') ?? 0n),
    maxPriorityFeePerGas: type < 2 ? gasPrice : (quantity('maxPriorityFeePerGas') ?? 0n),
    to: optional(fields['to'], `${field}.to`, readAddress),
    value: quantity('value') ?? 0n,
    data: readBytes(fields['input'], `${field}.input`),
    accessList: type === 0 ? [] : readAccessList(fields['accessList'] ?? [], `${field}.accessList`),
    authorizationList: list('authorizationList').map((entry) => readAuthorization(entry, `${field}.authorizationList`)),
    maxFeePerBlobGas: quantity('maxFeePerBlobGas') ?? 0n,
    blobVersionedHashes: list('blobVersionedHashes').map((hash) => readHash(hash, `${field}.blobVersionedHashes`)),
  };
}
