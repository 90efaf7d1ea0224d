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
import {
  hexToBytes,
  bytesToBigint,
  bigintToBytes,
  toHeight,
  zeroAddress,
  zeroHash,
  type Hash32,
} from '@sheaf/primitives';
import type { ChainSpec } from '@sheaf/protocol';
import { noAccount } from './account-codec.ts';
import { BlockState } from './block-state.ts';
import type { StateChanges } from './ports.ts';
import { RecordingReader } from './recording-reader.ts';
import { hashRequests } from './system-calls.ts';
import { systemContracts } from './system-contracts.ts';

/**
 * Block 0 and its whole state, the fork's system contracts (EIP-4788, 2935, 7002, 7251) added where the alloc lacks
 * their addresses. A function of the spec alone.
 */
export async function genesis(
  spec: ChainSpec,
): Promise<{ header: Header; hash: Hash32; rlp: Uint8Array; changes: StateChanges }> {
  const { alloc, timestamp, gasLimit, baseFeePerGas, extraData } = spec.genesis;
  const state = new BlockState(emptyRoot, new RecordingReader({ node: () => undefined, code: () => undefined }));
  for (const [address, { balance, nonce, code, storage }] of alloc) {
    state.setAccount(address, { ...noAccount, balance, nonce });
    if (code.length > 0) state.setCode(address, code);
    for (const [slot, value] of storage) state.setSlot(address, slot, bigintToBytes(bytesToBigint(hexToBytes(value))));
  }
  for (const { address, code } of systemContracts(spec.fork)) {
    if (alloc.has(address)) continue;
    state.setAccount(address, { ...noAccount, nonce: 1n });
    state.setCode(address, code);
  }
  const { stateRoot, changes } = state.finish();
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
