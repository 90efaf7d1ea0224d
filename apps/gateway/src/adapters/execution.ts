import { decodeBlock, headerHash } from '@sheaf/ethereum';
import { bytesToHex, ChainError, limits, zeroAddress, type Hash32, type Height } from '@sheaf/primitives';
import {
  accountFromWire,
  blockFromWire,
  executionV1,
  hexToBuffer,
  messageToWire,
  traceOptionsToWire,
  wire,
  type BlockRecord,
} from '@sheaf/proto';
import type { UnaryOptions, RpcClient } from '@sheaf/rpc';
import type { Gate } from '@sheaf/service';
import type {
  AccountProof,
  BlockSource,
  CallMessage,
  CallOutcome,
  ExecutedBlock,
  StateReader,
  TraceSource,
  TransactionTrace,
} from '../ports.ts';

type Client = RpcClient<executionV1.ExecutionServiceService>;

const proofNodesMax = 64;
const proofNodeBytesMax = 65_536;
const callOutputBytesMax = 1_048_576;
const codeBytesMax = 24_576;

export interface ExecutionOptions {
  /** Deadline of reads. Reads that find execution away are tried again within it. */
  readDeadlineMs: number;
  /** Deadline of calls and estimates. */
  callDeadlineMs: number;
  /** Deadline of traces. */
  traceDeadlineMs: number;
}

/** State and blocks over gRPC. Every read waits its turn at the gate; following blocks does not. */
export function createExecution(
  options: ExecutionOptions,
  deps: { client: Client; gate: Gate },
): StateReader & BlockSource & TraceSource {
  const { client } = deps;

  const read = <T>(work: (call: UnaryOptions) => Promise<T>, deadlineMs: number, signal: AbortSignal | undefined) =>
    deps.gate.run(() => work({ deadlineMs, idempotent: true, ...(signal && { signal }) }));

  return {
    account: (height, address, signal) =>
      read(
        async (call) => {
          const request = { block: at(height), addresses: [hexToBuffer(address)] };
          const { accounts } = await client.getAccounts(request, call);
          return accountFromWire(accounts[0], 'accounts.0');
        },
        options.readDeadlineMs,
        signal,
      ),
    code: (height, address, signal) =>
      read(
        async (call) => {
          const { code } = await client.getCode({ block: at(height), address: hexToBuffer(address) }, call);
          return wire.bytes(code, { max: codeBytesMax }, 'code');
        },
        options.readDeadlineMs,
        signal,
      ),
    storage: (height, address, slot, signal) =>
      read(
        async (call) => {
          const request = { block: at(height), address: hexToBuffer(address), slot: hexToBuffer(slot) };
          const { value } = await client.getStorage(request, call);
          return wire.bytes(value, { length: 32 }, 'value');
        },
        options.readDeadlineMs,
        signal,
      ),
    proof: (height, address, slots, signal) =>
      read(
        async (call) => {
          const request = { block: at(height), address: hexToBuffer(address), slots: slots.map(hexToBuffer) };
          return proofFromWire(await client.getProof(request, call));
        },
        options.readDeadlineMs,
        signal,
      ),
    call: (height, message, signal) =>
      read(
        async (call) => outcomeFromWire(await client.call({ block: at(height), message: toWire(message) }, call)),
        options.callDeadlineMs,
        signal,
      ),
    estimateGas: (height, message, signal) =>
      read(
        async (call) => (await client.estimateGas({ block: at(height), message: toWire(message) }, call)).gas,
        options.callDeadlineMs,
        signal,
      ),
    traceBlock: (height, index, how, signal) =>
      read(
        ({ deadlineMs }) => {
          const request = { block: at(height), transactionIndex: index, options: traceOptionsToWire(how) };
          return joinTraces(client.traceBlock(request, { deadlineMs, signal }));
        },
        options.traceDeadlineMs,
        signal,
      ),
    traceCall: (height, message, how, signal) =>
      read(
        async ({ deadlineMs }) => {
          const request = { block: at(height), message: toWire(message), options: traceOptionsToWire(how) };
          const pieces = new Pieces();
          for await (const { json } of client.traceCall(request, { deadlineMs, signal })) pieces.add(json);
          return pieces.take();
        },
        options.traceDeadlineMs,
        signal,
      ),
    head: async () => {
      const status = await client.getStatus({}, { deadlineMs: options.readDeadlineMs });
      return { height: status.height as Height, hash: wire.hash(status.hash, 'hash') };
    },
    block: async (height) => {
      const { block } = await client.getBlock({ block: at(height) }, { deadlineMs: options.readDeadlineMs });
      return checkBlock(blockFromWire(block, 'block'), height);
    },
  };
}

/** Bytes of JSON as they come. */
class Pieces {
  #pieces: Buffer[] = [];
  #bytes = 0;

  /** @throws ChainError `LIMIT` */
  add(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > limits.traceBytesMax) {
      const message = `the trace has more than ${limits.traceBytesMax} bytes`;
      throw new ChainError({ code: 'LIMIT', message, retryAfterMs: 0 });
    }
    this.#pieces.push(piece);
  }

  /** What has come since the last time. */
  take(): string {
    const text = Buffer.concat(this.#pieces).toString('utf8');
    this.#pieces = [];
    return text;
  }
}

async function joinTraces(stream: AsyncIterable<executionV1.TraceBlockResponse>): Promise<TransactionTrace[]> {
  const traces: TransactionTrace[] = [];
  const pieces = new Pieces();
  for await (const { transactionHash, json, last } of stream) {
    pieces.add(json);
    if (last) traces.push({ hash: wire.hash(transactionHash, 'transactionHash'), json: pieces.take() });
  }
  return traces;
}

function at(height: Height): executionV1.BlockSelector {
  return { selector: { $case: 'height', value: height } };
}

function toWire(message: CallMessage): executionV1.Message {
  return messageToWire({ ...message, from: message.from ?? zeroAddress, gasLimit: message.gasLimit ?? 0n });
}

function outcomeFromWire(response: executionV1.CallResponse): CallOutcome {
  const output = wire.bytes(response.output, { max: callOutputBytesMax }, 'output');
  switch (response.status) {
    case executionV1.CallStatus.CALL_STATUS_SUCCESS:
      return { status: 'success', output };
    case executionV1.CallStatus.CALL_STATUS_REVERT:
      return { status: 'revert', output };
    case executionV1.CallStatus.CALL_STATUS_HALT:
      return { status: 'halt', reason: wire.text(response.haltReason, 128, 'haltReason') };
    case executionV1.CallStatus.CALL_STATUS_UNSPECIFIED:
    case executionV1.CallStatus.UNRECOGNIZED:
      throw new ChainError({ code: 'INTERNAL', message: `execution answered with call status ${response.status}` });
  }
}

function proofFromWire(response: executionV1.GetProofResponse): AccountProof {
  return {
    account: accountFromWire(response.account, 'account'),
    accountProof: proofNodes(response.accountProof, 'accountProof'),
    storageProofs: wire.list(response.storageProofs, { max: 1_000 }, 'storageProofs').map((proof, index) => ({
      slot: wire.hash(proof.slot, `storageProofs.${index}.slot`),
      value: wire.quantity(proof.value, `storageProofs.${index}.value`),
      proof: proofNodes(proof.proof, `storageProofs.${index}.proof`),
    })),
  };
}

function proofNodes(nodes: readonly Buffer[], field: string): Uint8Array[] {
  return wire
    .list(nodes, { max: proofNodesMax }, field)
    .map((node, index) => wire.bytes(node, { max: proofNodeBytesMax }, `${field}.${index}`));
}

/**
 * The block, when it is what it says it is: right height, hash of its header, a receipt for every transaction. Roots are the validators'
 * work, not the index's. @throws ChainError `DATA_LOSS`
 */
export function checkBlock(record: BlockRecord, height: Height): ExecutedBlock {
  const { header, transactions, withdrawals } = decodeBlock(record.rlp);
  const hash: Hash32 = headerHash(header);
  const fault =
    record.height !== height || header.number !== height
      ? `asked for height ${height}, got ${record.height} with a header of ${header.number}`
      : record.hash !== hash
        ? `block ${height} says that its hash is ${record.hash}, but its header's is ${hash}`
        : record.receipts.length !== transactions.length
          ? `block ${height} has ${transactions.length} transactions and ${record.receipts.length} receipts`
          : height > 0n && bytesToHex(header.extraData) !== record.payloadHash
            ? `block ${height} is bound to payload ${bytesToHex(header.extraData)}, not to ${record.payloadHash}`
            : undefined;
  if (fault !== undefined) throw new ChainError({ code: 'DATA_LOSS', message: fault });
  const sizeBytes = record.rlp.length;
  return {
    hash,
    payloadHash: record.payloadHash,
    header,
    transactions,
    withdrawals,
    receipts: record.receipts,
    sizeBytes,
  };
}
