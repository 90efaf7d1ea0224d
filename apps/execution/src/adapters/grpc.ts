import { ChainError, limits, type Height } from '@sheaf/primitives';
import {
  accountToWire,
  blockSelectorFromWire,
  executionV1,
  hexToBuffer,
  messageFromWire,
  toBuffer,
  traceOptionsFromWire,
  wire,
  witnessToWire,
} from '@sheaf/proto';
import { implement, type CallContext, type ServiceImplementation } from '@sheaf/rpc';
import type { HeadWatch } from '../domain/head.ts';
import { shareWitnesses } from '../domain/share-witnesses.ts';
import { readAcross, readWhole } from '../domain/state-reads.ts';
import { laneReadLimits } from '../lane-limits.ts';
import type { LaneReads } from '../lane-ports.ts';
import type { BlockStore, Caller, TraceMaker } from '../ports.ts';
import { traceLimits } from '../trace-limits.ts';
import { storageProofsToWire, takeTurns } from './grpc-answers.ts';

const outputBytesMax = 1_048_576;
/** The member of a lane that has whole blocks. */
const coordinator = 0;

const statuses = {
  success: executionV1.CallStatus.CALL_STATUS_SUCCESS,
  revert: executionV1.CallStatus.CALL_STATUS_REVERT,
  halt: executionV1.CallStatus.CALL_STATUS_HALT,
} as const;

/** sheaf.execution.v1 over the store (reads), the call threads (runs) and, with `lane`, what other members have of the state. */
export function createExecutionService(
  options: { streamsMax: number },
  deps: { store: BlockStore; caller: Caller; tracer: TraceMaker; head: HeadWatch; lane?: LaneReads | undefined },
): ServiceImplementation {
  const { store, caller, tracer, head, lane } = deps;
  // Not stopped when one who asked has gone: others wait for the same.
  const witness = shareWitnesses((height) => caller.witness(height));
  let streams = 0;
  const select = (selector: executionV1.BlockSelector | undefined) => selectHeight(store, head, selector);
  const reads = lane === undefined ? readWhole(store) : readAcross(store, lane, laneReadLimits);
  /** Blocks, and what they read, are at the first member of a lane. @throws ChainError `UNAVAILABLE` at the others */
  const mustHaveBlocks = () => {
    if (lane === undefined || lane.member === coordinator) return;
    const where = `member ${coordinator} of the lane (${lane.addressOf(coordinator)})`;
    throw new ChainError({
      code: 'UNAVAILABLE',
      message: `blocks and witnesses are at ${where}, this is member ${lane.member}`,
    });
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
    async getBlock({ block }) {
      mustHaveBlocks();
      return { block: blockAt(store, select(block)) };
    },
    async *streamBlocks({ fromHeight }, call: CallContext) {
      mustHaveBlocks();
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
    async getAccounts({ block, addresses }, call: CallContext) {
      const height = select(block);
      const wanted = wire
        .list(addresses, { min: 1, max: limits.pageItemsMax }, 'addresses')
        .map((address, index) => wire.address(address, `addresses.${index}`));
      const accounts = await reads.accounts(height, wanted, takeTurns(), call);
      return { height, accounts: accounts.map((account, at) => accountToWire({ address: wanted[at]!, ...account })) };
    },
    async getCode({ block, address }, call: CallContext) {
      return { code: toBuffer(await reads.code(select(block), wire.address(address, 'address'), call)) };
    },
    async getStorage({ block, address, slot }, call: CallContext) {
      const account = wire.address(address, 'address');
      return { value: toBuffer(await reads.slot(select(block), account, wire.hash(slot, 'slot'), call)) };
    },
    async getProof({ block, address, slots }, call: CallContext) {
      const height = select(block);
      const wanted = wire
        .list(slots, { max: limits.pageItemsMax }, 'slots')
        .map((slot, index) => wire.hash(slot, `slots.${index}`));
      const of = wire.address(address, 'address');
      const { account, accountProof, storageProofs } = await reads.proof(height, of, wanted, takeTurns(), call);
      return {
        account: accountToWire({ address: of, ...account }),
        accountProof: accountProof.map(toBuffer),
        storageProofs: storageProofsToWire(storageProofs),
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
      mustHaveBlocks();
      return witnessToWire(await witness(afterGenesis(select(block))));
    },
    async *traceBlock({ block, transactionIndex, options: wanted }, call: CallContext) {
      mustHaveBlocks();
      const height = afterGenesis(select(block));
      const traces = await tracer.traceBlock(height, transactionIndex, traceOptionsFromWire(wanted, 'options'), call);
      for (const { transactionHash, json } of traces) {
        for (const { piece, last } of pieces(json))
          yield { transactionHash: hexToBuffer(transactionHash), json: piece, last };
      }
    },
    async *traceCall({ block, message, options: wanted }, call: CallContext) {
      const height = select(block);
      const options = traceOptionsFromWire(wanted, 'options');
      const json = await tracer.traceCall(height, messageFromWire(message, 'message'), options, call);
      for (const { piece } of pieces(json)) yield { json: piece };
    },
  });
}

/** @throws ChainError `INVALID_ARGUMENT`: nothing was executed to come to genesis */
function afterGenesis(height: Height): Height {
  if (height > 0n) return height;
  const message = 'block.height must be at least 1';
  throw new ChainError({ code: 'INVALID_ARGUMENT', field: 'block.height', message });
}

/** At least one. */
function* pieces(json: Uint8Array): Generator<{ piece: Buffer; last: boolean }> {
  for (let at = 0; at === 0 || at < json.length; at += traceLimits.pieceBytes) {
    const end = at + traceLimits.pieceBytes;
    yield { piece: toBuffer(json.subarray(at, end)), last: end >= json.length };
  }
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
  if (stored === undefined && height < store.firstBlock()) {
    const message = `block ${height} is not here: the first after genesis is ${store.firstBlock()}`;
    throw new ChainError({ code: 'NOT_FOUND', message });
  }
  if (stored === undefined) throw new ChainError({ code: 'DATA_LOSS', message: `block ${height} is missing` });
  return executionV1.Block.decode(stored);
}
