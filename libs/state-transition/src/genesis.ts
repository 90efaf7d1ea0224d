import { keccak256 } from '@sheaf/crypto';
import {
  emptyOmmersHash,
  encodeBlock,
  headerHash,
  receiptsRoot,
  transactionsRoot,
  withdrawalsRoot,
  type Header,
} from '@sheaf/ethereum';
import { bytesToHex, hexToBytes, toHeight, zeroAddress, zeroHash, type Address, type Hash32 } from '@sheaf/primitives';
import type { ChainSpec } from '@sheaf/protocol';
import { memoryKeyValue, PartitionState, type AccountChange, type BlockChanges } from '@sheaf/state';
import { hashRequests } from './requests.ts';
import { systemContracts } from './system-contracts.ts';

/**
 * Block 0 and its whole state, the fork's system contracts (EIP-4788, 2935, 7002, 7251) added where the alloc lacks
 * their addresses. A function of the spec alone.
 */
export async function genesis(
  spec: ChainSpec,
): Promise<{ header: Header; hash: Hash32; rlp: Uint8Array; changes: BlockChanges }> {
  const { alloc, timestamp, gasLimit, baseFeePerGas, extraData } = spec.genesis;
  const changes: BlockChanges = { accounts: [], codes: new Map() };
  for (const [address, { balance, nonce, code, storage }] of alloc) {
    const slots = [...storage].map(([slot, value]) => ({ slot: hexToBytes(slot), value: hexToBytes(value) }));
    addAccount(changes, { address, nonce, balance, code, slots });
  }
  for (const { address, code } of systemContracts(spec.fork)) {
    if (!alloc.has(address)) addAccount(changes, { address, nonce: 1n, balance: 0n, code, slots: [] });
  }
  const empty = new PartitionState(memoryKeyValue(), { branchBytesCachedMax: 0 });
  const stateRoot = empty.stateRoot(empty.prepare(changes).tops);
  const header: Header = {
    parentHash: zeroHash,
    ommersHash: emptyOmmersHash,
    coinbase: zeroAddress,
    stateRoot,
    transactionsRoot: transactionsRoot([]),
    receiptsRoot: receiptsRoot([]),
    logsBloom: new Uint8Array(256),
    difficulty: 0n,
    number: toHeight(0),
    gasLimit,
    gasUsed: 0n,
    timestamp,
    extraData,
    prevRandao: zeroHash,
    nonce: new Uint8Array(8),
    baseFeePerGas,
    withdrawalsRoot: withdrawalsRoot([]),
    blobGasUsed: 0n,
    excessBlobGas: 0n,
    parentBeaconBlockRoot: zeroHash,
    requestsHash: spec.fork === 'cancun' ? undefined : hashRequests([]),
  };
  const rlp = encodeBlock({ header, transactions: [], withdrawals: [] });
  return { header, hash: headerHash(header), rlp, changes };
}

function addAccount(
  changes: BlockChanges,
  account: { address: Address; nonce: bigint; balance: bigint; code: Uint8Array; slots: AccountChange['slots'] },
): void {
  const { address, nonce, balance, code, slots } = account;
  const codeHash = keccak256(code);
  if (code.length > 0) changes.codes.set(bytesToHex(codeHash) as Hash32, code);
  changes.accounts.push({
    address: hexToBytes(address),
    account: { nonce, balance, codeHash },
    storageWiped: false,
    slots,
  });
}
