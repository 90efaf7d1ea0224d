import { keccak256 } from '@sheaf/crypto';
import {
  encodeTransaction,
  type AccessListEntry,
  type Authorization,
  type TransactionFields,
  type TransactionType,
} from '@sheaf/ethereum';
import { bytesToHex, type Address } from '@sheaf/primitives';
import {
  invalid,
  optional,
  readAddress,
  readBytes,
  readHash,
  readList,
  readObject,
  readQuantity,
  uint64Max,
  type JsonObject,
} from './fields.ts';
import { replayLimits } from './limits.ts';

/**
 * A transaction as JSON-RPC has it: the encoding that hashes to its `hash`, and who sent it, as it says.
 * @throws ChainError `INVALID_ARGUMENT`, also when the fields are not those of the hash
 */
export function readRpcTransaction(
  value: unknown,
  field: string,
): { raw: Uint8Array; sender: Address; gasLimit: bigint } {
  const json = readObject(value, field);
  const type = Number(optional(json['type'], `${field}.type`, readQuantity) ?? 0n);
  if (type > 4) throw invalid(`${field}.type`, `is ${type}; 0 to 4 are known`);
  const [fields, signature] = readSigned(json, type as TransactionType, field);
  const raw = encodeTransaction(fields, signature);
  const hash = readHash(json['hash'], `${field}.hash`);
  const own = bytesToHex(keccak256(raw));
  if (own !== hash) throw invalid(`${field}.hash`, `is ${hash}, but the transaction's fields hash to ${own}`);
  return { raw, sender: readAddress(json['from'], `${field}.from`), gasLimit: fields.gasLimit };
}

function readSigned(json: JsonObject, type: TransactionType, field: string): Parameters<typeof encodeTransaction> {
  const quantity = (name: string, max?: bigint) => readQuantity(json[name], `${field}.${name}`, max);
  // For the later types gasPrice is what was paid, not what was offered.
  const [feeName, tipName] = type < 2 ? ['gasPrice', 'gasPrice'] : ['maxFeePerGas', 'maxPriorityFeePerGas'];
  const maxFeePerGas = quantity(feeName);
  const list = <Entry>(from: TransactionType, name: string, read: (value: unknown, field: string) => Entry): Entry[] =>
    type < from || json[name] === undefined
      ? []
      : readList(json[name], `${field}.${name}`, replayLimits.entriesMax).map((entry, index) =>
          read(entry, `${field}.${name}[${index}]`),
        );
  const v = quantity('v', uint64Max * 2n);
  const fields: TransactionFields = {
    type,
    chainId: type === 0 ? chainIdOf(v, field) : quantity('chainId', uint64Max),
    nonce: quantity('nonce', uint64Max),
    gasLimit: quantity('gas', uint64Max),
    ...(type < 2 ? { gasPrice: maxFeePerGas } : {}),
    maxFeePerGas,
    maxPriorityFeePerGas: quantity(tipName),
    to: optional(json['to'], `${field}.to`, readAddress),
    value: quantity('value'),
    data: readBytes(json['input'], `${field}.input`),
    accessList: list(1, 'accessList', readAccessListEntry),
    authorizationList: type === 4 ? list(4, 'authorizationList', readAuthorization) : [],
    maxFeePerBlobGas: type === 3 ? quantity('maxFeePerBlobGas') : 0n,
    blobVersionedHashes: type === 3 ? list(3, 'blobVersionedHashes', readHash) : [],
  };
  const parity = type === 0 ? (fields.chainId === undefined ? v - 27n : (v - 35n) % 2n) : v;
  if (parity > 1n) throw invalid(`${field}.v`, `is ${v}, which type ${type} cannot have`);
  return [fields, { r: quantity('r'), s: quantity('s'), yParity: parity === 0n ? 0 : 1 }];
}

/** EIP-155 puts it into `v`; `undefined`: from before that. */
function chainIdOf(v: bigint, field: string): bigint | undefined {
  if (v === 27n || v === 28n) return undefined;
  if (v < 35n) throw invalid(`${field}.v`, `is ${v}, which type 0 cannot have`);
  return (v - 35n) / 2n;
}

function readAccessListEntry(value: unknown, field: string): AccessListEntry {
  const json = readObject(value, field);
  const keys = readList(json['storageKeys'], `${field}.storageKeys`, replayLimits.entriesMax);
  return {
    address: readAddress(json['address'], `${field}.address`),
    storageKeys: keys.map((key, index) => readHash(key, `${field}.storageKeys[${index}]`)),
  };
}

function readAuthorization(value: unknown, field: string): Authorization {
  const json = readObject(value, field);
  const quantity = (name: string, max?: bigint) => readQuantity(json[name], `${field}.${name}`, max);
  return {
    chainId: quantity('chainId'),
    address: readAddress(json['address'], `${field}.address`),
    nonce: quantity('nonce', uint64Max),
    yParity: Number(quantity('yParity', 255n)),
    r: quantity('r'),
    s: quantity('s'),
  };
}
