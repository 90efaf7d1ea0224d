import { bigintToBytes, bigintToFixedBytes, ChainError, hexToBytes, limits, type Height } from '@sheaf/primitives';
import {
  accountToWire,
  blockSelectorFromWire,
  executionV1,
  hexToBuffer,
  messageFromWire,
  toBuffer,
  wire,
  witnessToWire,
} from '@sheaf/proto';
import { implement, type CallContext, type ServiceImplementation } from '@sheaf/rpc';
import { isEmptyCode, proveState, readAccount, readStorage } from '@sheaf/state';
import { setImmediate } from 'node:timers/promises';
import type { HeadWatch } from '../domain/head.ts';
import { shareWitnesses } from '../domain/share-witnesses.ts';
import type { BlockStore, Caller } from '../ports.ts';

const outputBytesMax = 1_048_576;
/** Reads between two turns of the event loop: about a millisecond's worth. */
const readsPerTurn = 32;

const statuses = {
  success: executionV1.CallStatus.CALL_STATUS_SUCCESS,
  revert: executionV1.CallStatus.CALL_STATUS_REVERT,
  halt: executionV1.CallStatus.CALL_STATUS_HALT,
} as const;

/** sheaf.execution.v1 over the store (reads) and the call threads (runs). */
export function createExecutionService(
  options: { streamsMax: number },
  deps: { store: BlockStore; caller: Caller; head: HeadWatch },
): ServiceImplementation {
  const { store, caller, head } = deps;
  // Not stopped when one who asked has gone: others wait for the same.
  const witness = shareWitnesses((height) => caller.witness(height));
  let streams = 0;
  const select = (selector: executionV1.BlockSelector | undefined) => selectHeight(store, head, selector);
  const at = (selector: executionV1.BlockSelector | undefined) => {
    const height = select(selector);
    return { height, state: store.stateAt(height) };
  };
  return implement(executionV1.ExecutionServiceService, {
    async getStatus() {
      const { height, hash } = head.current();
      store.refresh();
      return {
        height,
        hash: hexToBuffer(hash),
        oldestStateHeight: store.oldestState(),
        genesisHash: hexToBuffer(store.genesisHash()),
      };
    },
    getBlock: async ({ block }) => ({ block: blockAt(store, select(block)) }),
    async *streamBlocks({ fromHeight }, call: CallContext) {
      if (streams >= options.streamsMax) {
        throw new ChainError({ code: 'LIMIT', message: `${streams} streams are open already`, retryAfterMs: 1_000 });
      }
      streams += 1;
      try {
        for (let next = fromHeight; ; next += 1n) {
          await head.reached(next, call.signal);
          if (call.signal.aborted) return;
          store.refresh();
          yield { block: blockAt(store, next as Height) };
        }
      } finally {
        streams -= 1;
      }
    },
    async getAccounts({ block, addresses }) {
      const { height, state } = at(block);
      const wanted = wire.list(addresses, { min: 1, max: limits.pageItemsMax }, 'addresses');
      const accounts: executionV1.Account[] = [];
      for (const [index, item] of wanted.entries()) {
        const address = wire.address(item, `addresses.${index}`);
        accounts.push(accountToWire({ address, ...readAccount(state, address) }));
        if (index % readsPerTurn === readsPerTurn - 1) await setImmediate();
      }
      return { height, accounts };
    },
    async getCode({ block, address }) {
      const { state } = at(block);
      const { codeHash } = readAccount(state, wire.address(address, 'address'));
      const bytes = hexToBytes(codeHash);
      return { code: isEmptyCode(bytes) ? Buffer.alloc(0) : toBuffer(state.code(bytes)) };
    },
    async getStorage({ block, address, slot }) {
      const value = readStorage(at(block).state, wire.address(address, 'address'), wire.hash(slot, 'slot'));
      return { value: toBuffer(bigintToFixedBytes(value, 32)) };
    },
    async getProof({ block, address, slots }) {
      const { state } = at(block);
      const account = wire.address(address, 'address');
      const wanted = wire
        .list(slots, { max: limits.pageItemsMax }, 'slots')
        .map((slot, index) => wire.hash(slot, `slots.${index}`));
      const first = proveState(state, account, []);
      const storageProofs: executionV1.StorageProof[] = [];
      for (const [index, slot] of wanted.entries()) {
        const { value, proof } = proveState(state, account, [slot]).storageProofs[0]!;
        storageProofs.push({
          slot: hexToBuffer(slot),
          value: toBuffer(bigintToBytes(value)),
          proof: proof.map(toBuffer),
        });
        if (index % readsPerTurn === readsPerTurn - 1) await setImmediate();
      }
      return {
        account: accountToWire({ address: account, ...first.account }),
        accountProof: first.accountProof.map(toBuffer),
        storageProofs,
      };
    },
    async call({ block, message }, call: CallContext) {
      const result = await caller.call(select(block), messageFromWire(message, 'message'), call);
      if (result.output.length > outputBytesMax) {
        throw new ChainError({
          code: 'LIMIT',
          message: `the output has ${result.output.length} bytes`,
          retryAfterMs: 0,
        });
      }
      return {
        output: toBuffer(result.output),
        gasUsed: result.gasUsed,
        status: statuses[result.status],
        haltReason: result.haltReason,
      };
    },
    async estimateGas({ block, message }, call: CallContext) {
      return { gas: await caller.estimateGas(select(block), messageFromWire(message, 'message'), call) };
    },
    async getWitness({ block }) {
      const height = select(block);
      if (height === 0n) {
        throw new ChainError({
          code: 'INVALID_ARGUMENT',
          field: 'block.height',
          message: 'block.height must be at least 1',
        });
      }
      return witnessToWire(await witness(height));
    },
  });
}

/** @throws ChainError `NOT_FOUND` above the head and for an unknown hash */
function selectHeight(store: BlockStore, head: HeadWatch, message: executionV1.BlockSelector | undefined): Height {
  const selector = blockSelectorFromWire(message, 'block');
  store.refresh();
  const executed = head.current().height;
  if (selector.kind === 'head') return executed;
  const height = selector.kind === 'height' ? selector.height : store.heightOf(selector.hash);
  if (height === undefined || height > executed) {
    const wanted = selector.kind === 'height' ? selector.height : selector.hash;
    throw new ChainError({ code: 'NOT_FOUND', message: `there is no block ${wanted}; the head is ${executed}` });
  }
  return height;
}

function blockAt(store: BlockStore, height: Height): executionV1.Block {
  const stored = store.block(height);
  if (stored === undefined) throw new ChainError({ code: 'DATA_LOSS', message: `block ${height} is missing` });
  return executionV1.Block.decode(stored);
}
