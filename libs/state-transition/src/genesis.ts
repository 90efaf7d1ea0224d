import { keccak256 } from '@sheaf/crypto';
import {
  emptyOmmersHash,
  emptyRoot,
  encodeBlock,
  headerHash,
  receiptsRoot,
  transactionsRoot,
  withdrawalsRoot,
  type Header,
} from '@sheaf/ethereum';
import { bytesToHex, hexToBytes, toHeight, zeroAddress, zeroHash, type Address, type Hash32 } from '@sheaf/primitives';
import type { ChainSpec } from '@sheaf/protocol';
import type { AccountChange, BlockChanges } from './block-changes.ts';
import type { StateChanges } from './ports.ts';
import { hashRequests } from './requests.ts';
import { commitChanges } from './state-root.ts';
import { systemContracts } from './system-contracts.ts';

/**
 * Block 0 and its whole state, the fork's system contracts (EIP-4788, 2935, 7002, 7251) added where the alloc lacks
 * their addresses. A function of the spec alone.
 */
export async function genesis(
  spec: ChainSpec,
): Promise<{ header: Header; hash: Hash32; rlp: Uint8Array; changes: StateChanges }> {
  const { alloc, timestamp, gasLimit, baseFeePerGas, extraData } = spec.genesis;
  const accounts: BlockChanges = { accounts: [], codes: new Map() };
  for (const [address, { balance, nonce, code, storage }] of alloc) {
    const slots = [...storage].map(([slot, value]) => ({ slot, value: hexToBytes(value) }));
    addAccount(accounts, { address, nonce, balance, code, slots });
  }
  for (const { address, code } of systemContracts(spec.fork)) {
    if (!alloc.has(address)) addAccount(accounts, { address, nonce: 1n, balance: 0n, code, slots: [] });
  }
  const nothing = { node: () => undefined, code: () => undefined };
  const { stateRoot, changes } = commitChanges(emptyRoot, accounts, nothing);
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
  changes.accounts.push({ address, account: { nonce, balance, codeHash }, storageWiped: false, slots });
}
