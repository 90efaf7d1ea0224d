import { Logs, type Receipt } from '@sheaf/ethereum';
import { toAddress, toEpoch, toHash32, toHeight } from '@sheaf/primitives';
import type { Attestation, BatchStatement, Certificate, Finality, Payload } from '@sheaf/protocol';
import type { CallMessage, Witness } from '@sheaf/state-transition';
import type { AccountRecord, BlockAnnouncement, BlockRecord, Cell } from '../src/index.ts';

// One of everything, every list with something in it.

const bytes = (length: number, byte: number) => new Uint8Array(length).fill(byte);
const hash = (byte: number) => toHash32(bytes(32, byte));
const address = (byte: number) => toAddress(bytes(20, byte));

export const payload: Payload = {
  chainId: 74_323n,
  height: toHeight(5),
  epoch: toEpoch(2),
  parentHash: hash(1),
  timestamp: 1_700_000_000n,
  baseFeePerGas: 10n ** 9n,
  gasLimit: 60_000_000n,
  feeRecipient: address(2),
  prevRandao: hash(3),
  deposits: [{ index: 1n, validatorIndex: 2n, address: address(4), amountGwei: 5n }],
  transactions: [bytes(100, 2), bytes(1, 9)],
};

export const statement: BatchStatement = {
  chainId: 74_323n,
  namespace: 'payloads',
  firstHeight: toHeight(5),
  lastHeight: toHeight(7),
  lastPayloadHash: hash(1),
  commitments: [bytes(48, 2), bytes(48, 3)],
};

export const certificate: Certificate = { statement, signers: [0, 9], signature: bytes(96, 4) };

export const cells: Cell[] = [3, 127].map((column) => ({ column, cell: bytes(2_048, column), proof: bytes(48, 1) }));

export const attestation: Attestation = {
  chainId: 74_323n,
  height: toHeight(5),
  blockHash: hash(1),
  payloadHash: hash(2),
  commitmentsHash: hash(3),
  validatorIndex: 2,
  signature: bytes(96, 4),
};

export const finality: Finality = {
  height: toHeight(5),
  blockHash: hash(1),
  payloadHash: hash(2),
  commitmentsHash: hash(3),
  signers: [0, 2],
  signature: bytes(96, 4),
  signedStakeGwei: 64n,
  totalStakeGwei: 96n,
};

const logs = Logs.of([{ address: address(6), topics: [hash(7), hash(8)], data: bytes(33, 9) }]);
export const receipt: Receipt = {
  transactionHash: hash(1),
  type: 2,
  status: true,
  cumulativeGasUsed: 50_000n,
  gasUsed: 29_000n,
  effectiveGasPrice: 10n ** 9n,
  blobGasUsed: 0n,
  sender: address(2),
  recipient: address(3),
  contractAddress: address(4),
  logs,
  logsBloom: logs.bloom(),
};

const dropped = [
  { payloadIndex: 1, hash: hash(5), reason: 'NONCE_TOO_LOW' },
  { payloadIndex: 4, hash: hash(6), reason: 'MALFORMED' },
];
export const block: BlockRecord = {
  height: toHeight(5),
  hash: hash(1),
  payloadHash: hash(2),
  rlp: bytes(600, 3),
  receipts: [receipt],
  dropped,
};

export const blockAnnouncement: BlockAnnouncement = {
  height: toHeight(5),
  hash: hash(1),
  payloadHash: hash(2),
  header: bytes(600, 3),
  dropped,
};

export const message: CallMessage = {
  from: address(1),
  to: address(2),
  data: bytes(68, 3),
  value: 10n ** 18n,
  gasLimit: 1_000_000n,
  gasPrice: 7n,
  accessList: [{ address: address(4), storageKeys: [hash(5)] }],
  overrides: [
    {
      address: address(6),
      balance: 8n,
      nonce: 9n,
      code: bytes(10, 0x5b),
      slots: [{ slot: hash(10), value: hash(11) }],
    },
  ],
};

export const account: AccountRecord = {
  address: address(1),
  balance: 10n ** 22n,
  nonce: 3n,
  codeHash: hash(2),
  storageRoot: hash(3),
};

export const witness: Witness = { state: bytes(532, 1), headers: [bytes(600, 3)] };
