import { connectBus, type Bus } from '@sheaf/bus';
import { blsSign, keccak256 } from '@sheaf/crypto';
import {
  decodeTransaction,
  effectiveGasPrice,
  emptyOmmersHash,
  emptyRoot,
  encodeBlock,
  encodeHeader,
  headerHash,
  recoverSender,
  transactionsRoot,
  type Header,
} from '@sheaf/ethereum';
import {
  bigintToBytes,
  ChainError,
  toHash32,
  toHeight,
  zeroAddress,
  zeroHash,
  type Address,
  type Hash32,
} from '@sheaf/primitives';
import {
  batchStatementFromWire,
  blockSelectorFromWire,
  blockToWire,
  cellsFromWire,
  daV1,
  encodeBlockAnnouncement,
  executionV1,
  hexToBuffer,
  payloadFromWire,
  sequencerV1,
  settlementV1,
  toBuffer,
  wire,
  type BlockRecord,
} from '@sheaf/proto';
import { batchDigest, custodyColumns, type BatchStatement, type ChainSpec, type Payload } from '@sheaf/protocol';
import { createRpcClient, createRpcServer, implement, type Handlers, type RpcServer } from '@sheaf/rpc';
import { testContext } from '@sheaf/service';

// The sequencer's neighbours for tests: real servers on real sockets, with the simplest rules that keep their contracts.

const { log } = testContext({});
const emptyCodeHash = toHash32(keccak256(new Uint8Array(0)));

interface AccountState {
  nonce: bigint;
  balance: bigint;
}

/** Execution that knows transfers only: it answers headers, counts nonces and moves no value but fees. */
export class TestExecution {
  /** While set, nothing is executed. */
  held = false;
  /** Transactions that will be left out of their block, with the reason. */
  readonly dropping = new Map<Hash32, string>();
  readonly payloads: Payload[] = [];
  readonly #blocks: { record: BlockRecord; header: Header; accounts: Map<Address, AccountState> }[] = [];
  readonly #bus: Bus;
  readonly #stopping = new AbortController();
  #server: RpcServer | undefined;
  #following: Promise<void> = Promise.resolve();
  #resume = (): void => undefined;

  constructor(spec: ChainSpec, bus: Bus) {
    this.#bus = bus;
    const { genesis } = spec;
    const header = headerOf({
      number: 0n,
      parentHash: zeroHash,
      gasLimit: genesis.gasLimit,
      gasUsed: 0n,
      timestamp: genesis.timestamp,
      baseFeePerGas: genesis.baseFeePerGas,
      transactions: [],
    });
    const accounts = new Map([...genesis.alloc].map(([address, { nonce, balance }]) => [address, { nonce, balance }]));
    this.#blocks.push({ record: recordOf(header, zeroHash, [], []), header, accounts });
  }

  get height(): bigint {
    return BigInt(this.#blocks.length - 1);
  }

  setAccount(address: Address, account: AccountState): void {
    for (const { accounts } of this.#blocks) accounts.set(address, account);
  }

  async start(): Promise<string> {
    const services = [implement(executionV1.ExecutionServiceService, this.#handlers())];
    this.#server = createRpcServer({ host: '127.0.0.1', port: 0 }, { log, metrics: testContext({}).metrics, services });
    return `127.0.0.1:${await this.#server.start()}`;
  }

  /** Executes the payloads of this sequencer from the next height on, over its restarts, until stopped. */
  follow(address: string): void {
    this.#following = this.#follow(address);
  }

  release(): void {
    this.held = false;
    this.#resume();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#resume();
    await this.#following;
    await this.#server?.stop();
  }

  async #follow(address: string): Promise<void> {
    const { signal } = this.#stopping;
    const client = createRpcClient(sequencerV1.SequencerServiceService, { address }, { log });
    while (!signal.aborted) {
      try {
        const stream = client.streamPayloads({ fromHeight: this.height + 1n }, { signal, waitForReady: true });
        for await (const { payload, hash } of stream) {
          if (this.held) await new Promise<void>((resolve) => (this.#resume = resolve));
          if (signal.aborted) break;
          await this.#execute(payloadFromWire(payload, 'payload'), wire.hash(hash, 'hash'));
        }
      } catch {
        // The sequencer was killed or is not up yet: the next stream begins where this one ended.
        await new Promise(setImmediate);
      }
    }
    client.close();
  }

  async #execute(payload: Payload, payloadHash: Hash32): Promise<void> {
    const parent = this.#blocks.at(-1)!;
    if (payload.height !== parent.record.height + 1n)
      throw new Error(`payload ${payload.height} after ${parent.record.height}`);
    this.payloads.push(payload);
    const accounts = new Map([...parent.accounts].map(([address, account]) => [address, { ...account }]));
    const included: Uint8Array[] = [];
    const dropped: BlockRecord['dropped'] = [];
    payload.transactions.forEach((raw, payloadIndex) => {
      const tx = decodeTransaction(raw);
      const account = accounts.get(recoverSender(tx))!;
      const reason = this.dropping.get(tx.hash) ?? (tx.nonce === account.nonce ? undefined : 'NONCE_TOO_HIGH');
      if (reason !== undefined) {
        dropped.push({ payloadIndex, hash: tx.hash, reason });
        return;
      }
      account.nonce += 1n;
      account.balance -= tx.value + 21_000n * effectiveGasPrice(tx, payload.baseFeePerGas);
      included.push(raw);
    });
    const header = headerOf({
      ...payload,
      number: payload.height,
      parentHash: parent.record.hash,
      gasUsed: 21_000n * BigInt(included.length),
      transactions: included,
    });
    const record = recordOf(header, payloadHash, included, dropped);
    this.#blocks.push({ record, header, accounts });
    const { height, hash } = record;
    const announcement = { height, hash, payloadHash, header: encodeHeader(header), dropped };
    await this.#bus.publish('blocks', encodeBlockAnnouncement(announcement));
  }

  #at(selector: executionV1.BlockSelector | undefined) {
    const wanted = blockSelectorFromWire(selector, 'block');
    const found = wanted.kind === 'height' ? this.#blocks[Number(wanted.height)] : this.#blocks.at(-1);
    if (!found) throw new ChainError({ code: 'NOT_FOUND', message: 'no such block' });
    return found;
  }

  #handlers(): Handlers<typeof executionV1.ExecutionServiceService> {
    const notHere = async (): Promise<never> => {
      throw new ChainError({ code: 'NOT_FOUND', message: 'not part of this test' });
    };
    return {
      getStatus: async () => {
        const { height, hash } = this.#blocks.at(-1)!.record;
        const genesisHash = hexToBuffer(this.#blocks[0]!.record.hash);
        return { height, hash: hexToBuffer(hash), oldestStateHeight: 0n, genesisHash };
      },
      getBlock: async ({ block }) => ({ block: blockToWire(this.#at(block).record) }),
      getAccounts: async ({ block, addresses }) => {
        const { record, accounts } = this.#at(block);
        return {
          height: record.height,
          accounts: addresses.map((address) => {
            const account = accounts.get(wire.address(address, 'address'));
            return {
              address,
              balance: toBuffer(bigintToBytes(account?.balance ?? 0n)),
              nonce: account?.nonce ?? 0n,
              codeHash: hexToBuffer(emptyCodeHash),
              storageRoot: hexToBuffer(emptyRoot),
            };
          }),
        };
      },
      async *streamBlocks() {
        yield await notHere();
      },
      getCode: notHere,
      getStorage: notHere,
      getProof: notHere,
      call: notHere,
      estimateGas: notHere,
      getWitness: notHere,
      async *traceBlock() {
        yield await notHere();
      },
      async *traceCall() {
        yield await notHere();
      },
    };
  }
}

/** A data-availability node that signs what it gets for its own columns; nothing is verified. */
export class TestDaNode {
  /** While set, calls fail with UNAVAILABLE. */
  down = false;
  /** Signs something else. */
  lying = false;
  readonly statements: BatchStatement[] = [];
  readonly #options: { spec: ChainSpec; index: number; key: Uint8Array };
  #server: RpcServer | undefined;

  constructor(options: { spec: ChainSpec; index: number; key: Uint8Array }) {
    this.#options = options;
  }

  async start(): Promise<string> {
    const services = [implement(daV1.DataAvailabilityServiceService, this.#handlers())];
    this.#server = createRpcServer({ host: '127.0.0.1', port: 0 }, { log, metrics: testContext({}).metrics, services });
    return `127.0.0.1:${await this.#server.start()}`;
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
  }

  #handlers(): Handlers<typeof daV1.DataAvailabilityServiceService> {
    const { spec, index, key } = this.#options;
    const notHere = async (): Promise<never> => {
      throw new ChainError({ code: 'NOT_FOUND', message: 'not part of this test' });
    };
    return {
      storeBatch: async (request) => {
        if (this.down) throw new ChainError({ code: 'UNAVAILABLE', message: 'this node is down' });
        const statement = batchStatementFromWire(request.statement, 'statement');
        const columns = custodyColumns(spec.da, index);
        const stored = request.blobs.map(({ cells }, i) => cellsFromWire(cells, `blobs.${i}.cells`));
        if (stored.length !== statement.commitments.length) throw new Error('one blob a commitment');
        for (const cells of stored) expect(cells.map(({ column }) => column)).toEqual(columns);
        this.statements.push(statement);
        const message = this.lying ? new Uint8Array(32) : batchDigest(statement);
        return { nodeIndex: index, signature: toBuffer(blsSign(key, message)) };
      },
      getCells: notHere,
      getBatch: notHere,
      getStatus: notHere,
    };
  }
}

/** Settlement with a finalized height that the test sets, or that follows execution. */
export class TestSettlement {
  finalized: () => bigint;
  #server: RpcServer | undefined;

  constructor(finalized: () => bigint) {
    this.finalized = finalized;
  }

  async start(): Promise<string> {
    const notHere = async (): Promise<never> => {
      throw new ChainError({ code: 'NOT_FOUND', message: 'not part of this test' });
    };
    const handlers: Handlers<typeof settlementV1.SettlementServiceService> = {
      getStatus: async () => ({
        attestedHeight: this.finalized(),
        finalized: { height: this.finalized(), hash: hexToBuffer(zeroHash) },
        diverged: false,
      }),
      getFinality: notHere,
      submitAttestation: notHere,
      listValidators: notHere,
    };
    const services = [implement(settlementV1.SettlementServiceService, handlers)];
    this.#server = createRpcServer({ host: '127.0.0.1', port: 0 }, { log, metrics: testContext({}).metrics, services });
    return `127.0.0.1:${await this.#server.start()}`;
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
  }
}

export async function connectTestBus(url: string, streamPrefix: string): Promise<Bus> {
  return connectBus({ url, streamPrefix, name: 'test-execution' }, { log });
}

function headerOf(fields: {
  number: bigint;
  parentHash: Hash32;
  gasLimit: bigint;
  gasUsed: bigint;
  timestamp: bigint;
  baseFeePerGas: bigint;
  transactions: Uint8Array[];
}): Header {
  const { transactions, ...rest } = fields;
  return {
    ...rest,
    number: toHeight(fields.number),
    ommersHash: emptyOmmersHash,
    coinbase: zeroAddress,
    stateRoot: emptyRoot,
    transactionsRoot: transactionsRoot(transactions),
    receiptsRoot: emptyRoot,
    logsBloom: new Uint8Array(256),
    difficulty: 0n,
    extraData: new Uint8Array(0),
    prevRandao: zeroHash,
    nonce: new Uint8Array(8),
    withdrawalsRoot: emptyRoot,
    blobGasUsed: 0n,
    excessBlobGas: 0n,
    parentBeaconBlockRoot: zeroHash,
    requestsHash: zeroHash,
  };
}

function recordOf(
  header: Header,
  payloadHash: Hash32,
  transactions: Uint8Array[],
  dropped: BlockRecord['dropped'],
): BlockRecord {
  const rlp = encodeBlock({ header, transactions, withdrawals: [] });
  return { height: header.number, hash: headerHash(header), payloadHash, rlp, receipts: [], dropped };
}
