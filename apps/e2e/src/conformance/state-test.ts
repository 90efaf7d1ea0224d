// Fixtures of the kind "state test": one transaction in one environment, and the state after it.
import { keccak256, privateKeyToAddress } from '@sheaf/crypto';
import {
  decodeTransaction,
  recoverSender,
  type AccessListEntry,
  type Authorization,
  type Transaction,
  type TransactionFields,
} from '@sheaf/ethereum';
import type { Fork } from '@sheaf/evm';
import { bytesToHex, isChainError, type Address, type Hash32, type Hex } from '@sheaf/primitives';
import { createForkRules, type ForkRules } from '@sheaf/state-transition';
import type { BlockSetting } from './executor.ts';
import { blobPrice, forkOf, readBlobSchedule } from './forks.ts';
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
import { readWorld, type World } from './world.ts';

/** One entry of `post`. */
export interface StateTestCase {
  /** `d0 g0 v0`. */
  indexes: string;
  setting: BlockSetting;
  transaction: TransactionFields;
  sender: Address;
  /** Why `txbytes` are no transaction at all, when they are not: then `transaction` is what they were made from. */
  malformed: string | undefined;
  expected: StateTestExpectation;
}

export interface StateTestExpectation {
  /** Alternatives, as `TransactionException.NAME`; none: the transaction is valid. */
  exceptions: string[];
  stateRoot: Hash32;
  logsHash: Hash32 | undefined;
  /** The whole state after, when the fixture has it: for the words of a failure. */
  post: World | undefined;
  receipt: ReceiptExpectation;
}

/** Fields of `post.receipt` that the fixture has. */
export interface ReceiptExpectation {
  gasUsed?: bigint;
  success?: boolean;
  logsBloom?: Hex;
}

/** A case, or the name of a fork that is not ours and how many cases it has. */
export type StateTestItem = { kind: 'case'; value: StateTestCase } | { kind: 'skipped'; fork: string; count: number };

/** @throws FixtureError */
export function* readStateTest(fixture: JsonObject): Generator<StateTestItem> {
  let pre: World | undefined;
  for (const [forkName, posts] of Object.entries(readObject(fixture['post'], 'post'))) {
    const entries = readList(posts, `post.${forkName}`);
    const fork = forkOf(forkName);
    if (fork === undefined) {
      yield { kind: 'skipped', fork: forkName, count: entries.length };
      continue;
    }
    pre ??= readWorld(fixture['pre'], 'pre');
    for (const [place, entry] of entries.entries()) {
      yield { kind: 'case', value: readCase(fixture, pre, fork, entry, `post.${forkName}[${place}]`) };
    }
  }
}

function readCase(fixture: JsonObject, pre: World, fork: Fork, entry: unknown, field: string): StateTestCase {
  const post = readObject(entry, field);
  const indexes = readObject(post['indexes'], `${field}.indexes`);
  const [data, gas, value] = ['data', 'gas', 'value'].map((name) =>
    readIndex(indexes[name], `${field}.indexes.${name}`),
  );
  const message = readObject(fixture['transaction'], 'transaction');
  const config = optional(fixture['config'], 'config', readObject) ?? {};
  const chainId = optional(config['chainid'] ?? config['chainId'], 'config.chainid', readQuantity) ?? 1n;
  const blobs = readBlobSchedule(config, fork);
  const key = optional(message['secretKey'], 'transaction.secretKey', readBytes);
  const named = optional(message['sender'], 'transaction.sender', readAddress);
  const sender = named ?? (key && privateKeyToAddress(key));
  if (sender === undefined) throw new FixtureError('transaction has neither a sender nor a secretKey');
  const encoded = optional(post['txbytes'], `${field}.txbytes`, readBytes);
  const described = () => readTransaction(message, [data!, gas!, value!], chainId);
  const { transaction, malformed } =
    encoded === undefined ? { transaction: described() } : decode(encoded, sender, described);
  return {
    indexes: `d${data} g${gas} v${value}`,
    setting: {
      fork,
      chainId,
      world: pre,
      blobs,
      ...readEnvironment(
        readObject(fixture['env'], 'env'),
        createForkRules({ fork, chainId, ...(blobs && { blobs }) }),
      ),
      // What state tests are filled with: there is no chain before the block.
      blockHash: (number) => keccak256(Buffer.from(String(number))),
    },
    transaction,
    sender,
    malformed,
    expected: {
      exceptions: optional(post['expectException'], `${field}.expectException`, readText)?.split('|') ?? [],
      stateRoot: readHash(post['hash'], `${field}.hash`),
      logsHash: optional(post['logs'], `${field}.logs`, readHash),
      post: optional(post['state'], `${field}.state`, readWorld),
      receipt: readReceipt(optional(post['receipt'], `${field}.receipt`, readObject) ?? {}, `${field}.receipt`),
    },
  };
}

/**
 * The transaction in its encoding. What our decoder refuses may be well formed and invalid for a reason that has a name
 * (a blob of another version, say): then it is what the fixture describes, and the transition is asked.
 */
function decode(
  raw: Uint8Array,
  sender: Address,
  described: () => TransactionFields,
): { transaction: TransactionFields; malformed: string | undefined } {
  let transaction: Transaction;
  try {
    transaction = decodeTransaction(raw);
  } catch (error) {
    if (!isChainError(error, 'INVALID_ARGUMENT')) throw error;
    return { transaction: described(), malformed: error.message };
  }
  const signer = recoverSender(transaction);
  if (signer !== sender) throw new FixtureError(`txbytes are signed by ${signer}, not by the sender ${sender}`);
  return { transaction, malformed: undefined };
}

function readReceipt(receipt: JsonObject, field: string): ReceiptExpectation {
  const gasUsed = receipt['gasUsed'] ?? receipt['cumulativeGasUsed'];
  const bloom = receipt['logsBloom'] ?? receipt['bloom'];
  const status = receipt['status'];
  return {
    ...(gasUsed === undefined || gasUsed === null ? {} : { gasUsed: readQuantity(gasUsed, `${field}.gasUsed`) }),
    ...(bloom === undefined || bloom === null ? {} : { logsBloom: bytesToHex(readBytes(bloom, `${field}.bloom`)) }),
    ...(status === undefined || status === null
      ? {}
      : { success: typeof status === 'boolean' ? status : readQuantity(status, `${field}.status`) === 1n }),
  };
}

function readEnvironment(env: JsonObject, { blobs }: ForkRules): Pick<BlockSetting, 'environment' | 'excessBlobGas'> {
  const quantity = (name: string) => optional(env[name], `env.${name}`, readQuantity);
  const excessBlobGas = quantity('currentExcessBlobGas') ?? 0n;
  return {
    excessBlobGas,
    environment: {
      coinbase: readAddress(env['currentCoinbase'], 'env.currentCoinbase'),
      number: readQuantity(env['currentNumber'], 'env.currentNumber'),
      timestamp: readQuantity(env['currentTimestamp'], 'env.currentTimestamp'),
      gasLimit: readQuantity(env['currentGasLimit'], 'env.currentGasLimit'),
      prevRandao: readHash(env['currentRandom'] ?? env['currentDifficulty'] ?? '0x0', 'env.currentRandom'),
      baseFeePerGas: quantity('currentBaseFee') ?? 0n,
      blobBaseFee: blobPrice(excessBlobGas, blobs, 'env.currentExcessBlobGas'),
    },
  };
}

/** What `transaction` describes at the indexes of data, gas and value; the type follows from what is there. */
export function readTransaction(
  message: JsonObject,
  [dataIndex, gasIndex, valueIndex]: readonly [number, number, number],
  chainId: bigint,
): TransactionFields {
  const at = (name: string, index: number) => {
    const list = readList(message[name], `transaction.${name}`);
    if (index >= list.length) throw new FixtureError(`transaction.${name} has no entry ${index}`);
    return list[index];
  };
  const quantity = (name: string) => optional(message[name], `transaction.${name}`, readQuantity);
  const list = (name: string) => optional(message[name], `transaction.${name}`, readList);
  const accessList = optional(list('accessLists')?.[dataIndex], 'transaction.accessLists', readAccessList);
  const authorizations = list('authorizationList');
  const blobHashes = list('blobVersionedHashes');
  const maxFeePerGas = quantity('maxFeePerGas');
  const gasPrice = quantity('gasPrice');
  const to = message['to'];
  return {
    type: authorizations ? 4 : blobHashes ? 3 : maxFeePerGas !== undefined ? 2 : accessList ? 1 : 0,
    chainId: quantity('chainId') ?? chainId,
    nonce: readQuantity(message['nonce'], 'transaction.nonce'),
    gasLimit: readQuantity(at('gasLimit', gasIndex), 'transaction.gasLimit'),
    to: to === '' || to === undefined || to === null ? undefined : readAddress(to, 'transaction.to'),
    value: readQuantity(at('value', valueIndex), 'transaction.value'),
    data: readBytes(at('data', dataIndex), 'transaction.data'),
    ...(gasPrice === undefined ? {} : { gasPrice }),
    maxFeePerGas: maxFeePerGas ?? gasPrice ?? 0n,
    maxPriorityFeePerGas: quantity('maxPriorityFeePerGas') ?? gasPrice ?? 0n,
    maxFeePerBlobGas: quantity('maxFeePerBlobGas') ?? 0n,
    accessList: accessList ?? [],
    authorizationList: (authorizations ?? []).map((entry) => readAuthorization(entry, 'transaction.authorizationList')),
    blobVersionedHashes: (blobHashes ?? []).map((hash) => readHash(hash, 'transaction.blobVersionedHashes')),
  };
}

/** @throws FixtureError */
export function readAccessList(value: unknown, field: string): AccessListEntry[] {
  return readList(value, field).map((entry) => {
    const { address, storageKeys } = readObject(entry, field);
    return {
      address: readAddress(address, `${field}.address`),
      storageKeys: readList(storageKeys, `${field}.storageKeys`).map((key) => readHash(key, `${field}.storageKeys`)),
    };
  });
}

/** @throws FixtureError */
export function readAuthorization(value: unknown, field: string): Authorization {
  const fields = readObject(value, field);
  const quantity = (name: string) => readQuantity(fields[name], `${field}.${name}`);
  return {
    chainId: quantity('chainId'),
    address: readAddress(fields['address'], `${field}.address`),
    nonce: quantity('nonce'),
    yParity: Number(quantity(fields['yParity'] === undefined ? 'v' : 'yParity')),
    r: quantity('r'),
    s: quantity('s'),
  };
}
