import { sha256 } from '@noble/hashes/sha2.js';
import type { Logs } from '@sheaf/ethereum';
import { bytesToBigint, concatBytes, hexToBytes, toAddress, toHash32, type Hash32 } from '@sheaf/primitives';

/** EIP-6110. */
const depositContract = toAddress('0x00000000219ab540356cbb839cbe05303d7705fa');
const depositContractBytes = hexToBytes(depositContract);
const depositTopic = toHash32('0x649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5');
/** Place and length of pubkey, withdrawal credentials, amount, signature and index in the deposit event's data. */
const depositFields = [
  [160, 48],
  [256, 32],
  [320, 8],
  [384, 96],
  [512, 8],
] as const;

const noBytes = new Uint8Array(0);

/** EIP-7685: each the type and its data. */
export function typedRequests(data: readonly Uint8Array[]): Uint8Array[] {
  return data.map((bytes, type) => concatBytes(Uint8Array.of(type), bytes));
}

/** EIP-7685: requests without data count for nothing. */
export function hashRequests(requests: readonly Uint8Array[]): Hash32 {
  return toHash32(
    sha256(concatBytes(...requests.filter((request) => request.length > 1).map((request) => sha256(request)))),
  );
}

/** EIP-6110: the deposit requests in a transaction's logs; `undefined` when a deposit event has another layout. */
export function depositRequests(logs: Logs): Uint8Array | undefined {
  if (!logs.some(depositContractBytes)) return noBytes;
  const found = logs.list().filter((log) => log.address === depositContract && log.topics[0] === depositTopic);
  if (!found.every(({ data }) => isDeposit(data))) return undefined;
  return concatBytes(...found.map(({ data }) => depositRequest(data)));
}

function isDeposit(data: Uint8Array): boolean {
  const integerAt = (at: number) => bytesToBigint(data.subarray(at, at + 32));
  return (
    data.length === 576 &&
    depositFields.every(([at, length], i) => integerAt(32 * i) === BigInt(at) && integerAt(at) === BigInt(length))
  );
}

function depositRequest(data: Uint8Array): Uint8Array {
  return concatBytes(...depositFields.map(([at, length]) => data.subarray(at + 32, at + 32 + length)));
}
