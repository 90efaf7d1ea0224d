// Goal: a block is valid exactly when its header says what it is and does; the first thing wrong is named.
// Method: blocks that the engine makes of payloads are imported again, as they are and with one thing changed.
import { createEvm, notHere, warmPrecompiles } from '@sheaf/evm';
import {
  decodeBlock,
  emptyRoot,
  encodeBlock,
  headerHash,
  receiptsRoot,
  signTransaction,
  transactionsRoot,
  withdrawalsRoot,
  type Block,
  type Header,
} from '@sheaf/ethereum';
import { decodeRlp, encodeRlp, toAddress, toHeight, zeroHash, type RlpItem } from '@sheaf/primitives';
import { createForkRules, importBlock, type BlockFault, type ImportBlockResult } from '../src/index.ts';
import { BlockDraft, type BlockChanges, type StateReader } from '@sheaf/state';
import { withdrawalRequestsAddress } from '../src/system-contracts.ts';
import { chainId, contracts, openChain, poorKey, senders, sign, testSpec, word } from './chain.ts';

beforeAll(() => warmPrecompiles({ pointEvaluation: false }));

type ChainFork = Parameters<typeof testSpec>[0];

/** The state after genesis, whatever the chain has done since. */
const genesisState = async (spec: Parameters<typeof openChain>[0]) => new BlockDraft((await openChain(spec)).state);

/** A chain of one busy block, and how to import blocks on its genesis. */
async function openImport(fork: ChainFork, alter: (spec: ReturnType<typeof testSpec>) => void = () => undefined) {
  const spec = testSpec(fork);
  alter(spec);
  const chain = await openChain(spec);
  const parent = chain.head();
  const before = await genesisState(spec);
  const transactions = [
    sign(0, { to: contracts.store, data: new Uint8Array(64).fill(1) }),
    sign(1, { to: contracts.revert, type: 1 }),
    sign(2, { to: undefined, data: Uint8Array.of(0x5f, 0x5f, 0xf3), type: 0 }),
    sign(3, { to: contracts.environment, data: new Uint8Array(32).fill(0, 0, 31).fill(1, 31), gasLimit: 300_000n }),
  ];
  const deposits = [{ index: 1n, validatorIndex: 2n, address: senders[0]!, amountGwei: 3n }];
  const { block } = await chain.execute(chain.payload({ transactions, deposits, timestamp: parent.timestamp + 12n }));
  const rules = createForkRules({ fork, chainId });
  const evm = createEvm({ fork, chainId, mode: 'interpreter' });
  const importRlp = (rlp: Uint8Array): ImportBlockResult =>
    importBlock(evm, rules, before, { rlp, parent, stateRoot: (changes) => before.rootAfter(changes) });
  const made = decodeBlock(block.rlp);
  return {
    chain,
    block,
    evm,
    rules,
    parent,
    importRlp,
    /** The fault of the block with changes; roots of what it holds go with it. */
    fault(header: Partial<Header>, body: Partial<Block> = {}): BlockFault | undefined {
      const changed = { ...made, ...body };
      const roots = {
        transactionsRoot: transactionsRoot(changed.transactions),
        withdrawalsRoot: withdrawalsRoot(changed.withdrawals),
      };
      const result = importRlp(encodeBlock({ ...changed, header: { ...made.header, ...roots, ...header } }));
      return result.status === 'invalid' ? result.fault : undefined;
    },
  };
}

test.each(['cancun', 'prague', 'osaka'] as const)('%s: what the engine made of a payload is valid', async (fork) => {
  const { importRlp, block } = await openImport(fork);
  expect(importRlp(block.rlp)).toMatchObject({ status: 'valid', hash: block.hash, receipts: block.receipts });
});

test('every field of the header is compared', async () => {
  const { fault, parent } = await openImport('osaka');
  const bound = parent.gasLimit / 1_024n;
  const cases: [Partial<Header>, BlockFault['field']?][] = [
    [{ parentHash: zeroHash }, 'parentHash'],
    [{ ommersHash: zeroHash }, 'ommersHash'],
    [{ stateRoot: zeroHash }, 'stateRoot'],
    [{ transactionsRoot: emptyRoot }, 'transactionsRoot'],
    [{ receiptsRoot: receiptsRoot([]) }, 'receiptsRoot'],
    [{ logsBloom: new Uint8Array(256) }, 'logsBloom'],
    [{ difficulty: 1n }, 'difficulty'],
    [{ number: toHeight(2) }, 'number'],
    [{ gasLimit: parent.gasLimit + bound }, 'gasLimit'],
    [{ gasLimit: parent.gasLimit - bound }, 'gasLimit'],
    [{ gasUsed: 21_000n }, 'gasUsed'],
    [{ gasUsed: parent.gasLimit + 1n }, 'gasUsed'],
    [{ timestamp: parent.timestamp }, 'timestamp'],
    [{ nonce: new Uint8Array(8).fill(1) }, 'nonce'],
    [{ baseFeePerGas: 7n }, 'baseFeePerGas'],
    [{ withdrawalsRoot: emptyRoot }, 'withdrawalsRoot'],
    [{ blobGasUsed: 131_072n }, 'blobGasUsed'],
    [{ excessBlobGas: 131_072n }, 'excessBlobGas'],
    [{ requestsHash: zeroHash }, 'requestsHash'],
    [{ requestsHash: undefined }, 'requestsHash'],
    // These are free, and change what the block's contracts see.
    [{ prevRandao: word(9n) }, 'stateRoot'],
    [{ parentBeaconBlockRoot: word(9n) }, 'stateRoot'],
    [{ coinbase: senders[3]! }, 'stateRoot'],
    [{ extraData: new Uint8Array(3) }],
    [{ gasLimit: parent.gasLimit + bound - 1n }],
    [{ gasLimit: parent.gasLimit - bound + 1n }],
  ];
  for (const [header, field] of cases) expect([header, fault(header)?.field]).toEqual([header, field]);
});

test('a requests hash before Prague is refused', async () => {
  const { fault } = await openImport('cancun');
  expect(fault({ requestsHash: zeroHash })).toMatchObject({ field: 'requestsHash' });
});

test('gas limits are at least 5,000', async () => {
  const { fault } = await openImport('osaka', (spec) => (spec.genesis.gasLimit = 5_000n));
  expect(fault({ gasLimit: 4_999n }, { transactions: [] })).toMatchObject({ field: 'gasLimit' });
});

test('an invalid transaction is named with its index and its reason', async () => {
  const { fault, block } = await openImport('osaka');
  const [first] = block.transactions;
  const unfunded = signTransaction(
    { type: 0, chainId, nonce: 0n, gasLimit: 21_000n, to: senders[0], gasPrice: 3n * 10n ** 9n },
    poorKey,
  );
  const cases: [Uint8Array, string][] = [
    [first!, 'NONCE_TOO_LOW'],
    [unfunded, 'INSUFFICIENT_FUNDS'],
    [sign(1, { gasLimit: 16_777_217n }), 'TRANSACTION_GAS_EXCEEDED'],
    [sign(1, { to: senders[0], gasLimit: 30_000_000n }), 'BLOCK_GAS_EXCEEDED'],
    [sign(1, { type: 3, to: senders[0], blobVersionedHashes: [] }), 'NO_BLOBS'],
    [sign(1, { to: senders[0], maxPriorityFeePerGas: 10n ** 18n }), 'PRIORITY_FEE_ABOVE_MAX_FEE'],
    [Uint8Array.of(2, 0xc0), 'MALFORMED'],
    [Uint8Array.of(9), 'MALFORMED'],
    [withSignature(first!, new Uint8Array(0)), 'INVALID_SIGNATURE'],
    [withSignature(first!, new Uint8Array(32).fill(0xff)), 'INVALID_SIGNATURE'],
  ];
  for (const [raw, reason] of cases) {
    expect(fault({}, { transactions: [first!, raw] })).toMatchObject({ field: 'transactions', index: 1, reason });
  }
});

/** The type 2 transaction with another `s`. */
function withSignature(raw: Uint8Array, s: Uint8Array): Uint8Array {
  const items = decodeRlp(raw.subarray(1), 'transaction') as RlpItem[];
  return Uint8Array.of(2, ...encodeRlp(items.with(11, s)));
}

test('transactions over the limit of the sequencer are of no concern to blocks', async () => {
  const { fault } = await openImport('osaka');
  const raw = sign(0, { to: senders[1], data: new Uint8Array(140_000), gasLimit: 3_000_000n });
  expect(fault({}, { transactions: [raw] })).not.toMatchObject({ field: 'transactions' });
});

test('bytes that are no block are refused where they are wrong, and from Osaka on large ones', async () => {
  const { importRlp, fault, block } = await openImport('osaka');
  expect(importRlp(block.rlp.subarray(1))).toMatchObject({ fault: { field: 'rlp' } });
  expect(fault({ extraData: new Uint8Array(33) })).toMatchObject({ field: 'rlp', at: 'block.header.extraData' });
  expect(importRlp(new Uint8Array(8_388_609))).toMatchObject({ fault: { field: 'size' } });
  expect((await openImport('prague')).importRlp(new Uint8Array(8_388_609))).toMatchObject({ fault: { field: 'rlp' } });
});

test('a system contract that requests come from must be there and answer', async () => {
  const broken = (code: number[]) =>
    openImport('prague', ({ genesis }) => {
      const account = { balance: 0n, nonce: 1n, code: Uint8Array.from(code), storage: new Map() };
      genesis.alloc.set(withdrawalRequestsAddress, account);
    });
  const [without, failing] = [await broken([]), await broken([0xfe])];
  expect(without.importRlp(without.block.rlp)).toMatchObject({
    fault: { field: 'systemContract', reason: 'NO_CODE' },
  });
  expect(failing.importRlp(failing.block.rlp)).toMatchObject({ fault: { field: 'systemContract', reason: 'FAILED' } });
});

test('a deposit event of another layout makes the block invalid (EIP-6110)', async () => {
  const depositContract = toAddress('0x00000000219ab540356cbb839cbe05303d7705fa');
  const topic = '649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5';
  const { fault, chain } = await openImport('prague', ({ genesis }) => {
    const code = Buffer.from(`7f${topic}6020 5f a100`.replaceAll(' ', ''), 'hex');
    genesis.alloc.set(depositContract, { balance: 0n, nonce: 1n, code, storage: new Map() });
  });
  const raw = sign(0, { to: depositContract });
  expect(fault({}, { transactions: [raw] })).toMatchObject({ field: 'deposits' });
  // In a payload such a transaction is left out.
  const { block } = await chain.execute(chain.payload({ transactions: [sign(0, { to: depositContract, nonce: 1n })] }));
  expect(block.dropped).toMatchObject([{ reason: 'UNSUPPORTED', cause: 'a deposit event has another layout' }]);
});

test('state that is not here is named, and nothing is left of the attempt', async () => {
  const { importRlp, evm, rules, parent, block } = await openImport('osaka');
  const whole = await genesisState(testSpec('osaka'));
  const away: StateReader = {
    account: (address) => whole.account(address),
    storage: () => notHere,
    code: (codeHash) => whole.code(codeHash),
  };
  const input = {
    rlp: block.rlp,
    parent,
    stateRoot: (changes: BlockChanges) => whole.rootAfter(changes),
  };
  expect(importBlock(evm, rules, away, input)).toMatchObject({
    status: 'missing',
    keys: [{ kind: 'slot', address: contracts.store }],
  });
  expect(importRlp(block.rlp)).toMatchObject({ status: 'valid', hash: headerHash(block.header) });
});
