// Goal: blockchain tests are judged right: valid blocks are imported, invalid ones are refused for the reason that the
// fixture names, and every lie of a fixture is found.
// Method: two-block chains made by @ethereumjs/vm for each fork, then one thing changed at a time: in the block (which
// must then be refused) or in the fixture (which must then fail, by the field).
import { decodeBlock } from '@sheaf/ethereum';
import type { Fork } from '@sheaf/evm';
import { bytesToHex, hexToBytes, toHash32, toHeight, zeroHash } from '@sheaf/primitives';
import fc from 'fast-check';
import { runFile, type FileReport } from '../../src/conformance/run-file.ts';
import { SheafExecutor } from '../../src/conformance/sheaf-executor.ts';
import { makeBlockchainTest, type MadeChain } from './make-blockchain-test.ts';

const executors = { sheaf: [new SheafExecutor('interpreter'), new SheafExecutor('compiler')], oracle: undefined };
const other = toHash32(`0x${'5a'.repeat(32)}`);

function check(fixture: unknown): Promise<FileReport> {
  const file = { name: 'made.json', bytes: new TextEncoder().encode(JSON.stringify({ made: fixture })) };
  return runFile(file, { fork: undefined, filter: '' }, executors, () => undefined);
}

const passed: FileReport = { passed: 1, failures: [], skipped: {} };

describe.each<Fork>(['cancun', 'prague', 'osaka'])('%s', (fork) => {
  let made: MadeChain;
  beforeAll(async () => {
    made = await makeBlockchainTest(fork);
  });

  it('imports valid blocks', async () => {
    expect(await check(made.fixture)).toEqual(passed);
  });

  const headers: [string, string, Parameters<MadeChain['withHeader']>[0]][] = [
    ['state root', 'INVALID_STATE_ROOT', { stateRoot: other }],
    ['transactions root', 'INVALID_TRANSACTIONS_ROOT', { transactionsRoot: other }],
    ['receipts root', 'INVALID_RECEIPTS_ROOT', { receiptsRoot: other }],
    ['withdrawals root', 'INVALID_WITHDRAWALS_ROOT', { withdrawalsRoot: other }],
    ['bloom', 'INVALID_LOG_BLOOM', { logsBloom: new Uint8Array(256) }],
    ['gas used', 'INVALID_GAS_USED', { gasUsed: 21_000n }],
    ['gas limit', 'INVALID_GASLIMIT', { gasLimit: 90_000_000n }],
    ['base fee', 'INVALID_BASEFEE_PER_GAS', { baseFeePerGas: 1n }],
    ['number', 'INVALID_BLOCK_NUMBER', { number: toHeight(3) }],
    ['timestamp', 'INVALID_BLOCK_TIMESTAMP_OLDER_THAN_PARENT', { timestamp: 1n }],
    ['parent', 'UNKNOWN_PARENT', { parentHash: other }],
    ['zero parent', 'UNKNOWN_PARENT_ZERO', { parentHash: zeroHash }],
    ['ommers hash', 'INVALID_UNCLES_HASH', { ommersHash: other }],
    ['difficulty', 'IMPORT_IMPOSSIBLE_DIFFICULTY_OVER_PARIS', { difficulty: 1n }],
    ['extra data', 'EXTRA_DATA_TOO_BIG', { extraData: new Uint8Array(33) }],
    ['blob gas used', 'INCORRECT_BLOB_GAS_USED', { blobGasUsed: 0n }],
    ['excess blob gas', 'INCORRECT_EXCESS_BLOB_GAS', { excessBlobGas: 131_072n }],
    ['requests hash', fork === 'cancun' ? 'INCORRECT_BLOCK_FORMAT' : 'INVALID_REQUESTS', { requestsHash: other }],
  ];
  it.each(headers)('refuses another %s', async (_, exception, change) => {
    expect(await check(made.withInvalidBlock(made.withHeader(change), `BlockException.${exception}`))).toEqual(passed);
  });

  const transactions: [string, string, Parameters<MadeChain['withTransaction']>[0]][] = [
    ['nonce that is too high', 'NONCE_MISMATCH_TOO_HIGH', { nonce: 90n }],
    ['nonce that is too low', 'NONCE_MISMATCH_TOO_LOW', { nonce: 0n }],
    ['value that is not there', 'INSUFFICIENT_ACCOUNT_FUNDS', { value: 10n ** 30n }],
    ['gas limit below the intrinsic gas', 'INTRINSIC_GAS_TOO_LOW', { gasLimit: 20_999n }],
    ['fee below the base fee', 'INSUFFICIENT_MAX_FEE_PER_GAS', { maxFeePerGas: 7n }],
    ['chain of its own', 'INVALID_CHAINID', { chainId: 1n }],
  ];
  it.each(transactions)('refuses a transaction with a %s', async (_, exception, unsigned) => {
    const fixture = made.withInvalidBlock(made.withTransaction(unsigned), `TransactionException.${exception}`);
    expect(await check(fixture)).toEqual(passed);
  });

  it('refuses bytes that are no block', async () => {
    for (const rlp of [
      made.lastBlock.subarray(0, 400),
      Uint8Array.of(0xc0),
      new Uint8Array(0),
      Uint8Array.of(1, 2, 3),
    ]) {
      expect(await check(made.withInvalidBlock(rlp, 'BlockException.RLP_STRUCTURES_ENCODING'))).toEqual(passed);
    }
  });

  it('accepts any of several reasons', async () => {
    const rlp = made.withHeader({ gasUsed: 1n });
    const exceptions = 'BlockException.INVALID_STATE_ROOT|BlockException.INVALID_GAS_USED';
    expect(await check(made.withInvalidBlock(rlp, exceptions))).toEqual(passed);
  });
});

describe('what a fixture says wrongly fails, by the field', () => {
  let made: MadeChain;
  beforeAll(async () => {
    made = await makeBlockchainTest('prague');
  });

  async function lines(fixture: unknown): Promise<string> {
    const { passed: count, failures } = await check(fixture);
    expect(count).toBe(0);
    expect(failures).toHaveLength(1);
    return failures[0]!.lines.join('\n');
  }

  it('a valid block that shall be invalid', async () => {
    const text = await lines(made.withInvalidBlock(made.lastBlock, 'BlockException.INVALID_STATE_ROOT'));
    expect(text).toContain('blocks[1] expectException: expected BlockException.INVALID_STATE_ROOT, got a valid block');
  });

  it('an invalid block that shall be valid', async () => {
    const blocks = [made.fixture.blocks[0], { rlp: bytesToHex(made.withHeader({ stateRoot: other })) }];
    expect(await lines({ ...made.fixture, blocks })).toContain(
      'blocks[1] verdict: expected a valid block, got stateRoot',
    );
  });

  it('another reason', async () => {
    const text = await lines(
      made.withInvalidBlock(made.withHeader({ gasUsed: 1n }), 'BlockException.INVALID_STATE_ROOT'),
    );
    expect(text).toContain('blocks[1] expectException: expected BlockException.INVALID_STATE_ROOT, got gasUsed');
  });

  it('the last block', async () => {
    expect(await lines({ ...made.fixture, lastblockhash: other })).toContain(
      `lastblockhash: expected ${other}, got 0x`,
    );
  });

  it('an account of the state after', async () => {
    const post = structuredClone(made.fixture['postState']) as Record<string, { balance: string }>;
    const address = '0x00000000000000000000000000000000000a11ce';
    post[address]!.balance = '0x6';
    expect(await lines({ ...made.fixture, postState: post })).toContain(`${address} balance: expected 6, got 5`);
  });

  it('the root of the state after', async () => {
    const { postState: _, ...rest } = made.fixture;
    expect(await lines({ ...rest, postStateHash: other })).toContain(`postStateHash: expected ${other}, got 0x`);
  });

  it('the state before', async () => {
    const pre = { ...(made.fixture['pre'] as object), [`0x${'11'.repeat(20)}`]: { balance: '0x1', nonce: '0x0' } };
    expect(await lines({ ...made.fixture, pre })).toContain('genesis state root: expected 0x');
  });

  it('the hash of the genesis block', async () => {
    expect(await lines({ ...made.fixture, genesisBlockHeader: { hash: other } })).toContain(
      'genesisBlockHeader.hash is',
    );
  });

  it('a genesis that is no block', async () => {
    const text = await lines({ ...made.fixture, genesisRLP: bytesToHex(hexToBytes('0xc101')) });
    expect(text).toContain('genesisRLP is no block');
  });
});

it('refuses a block with any byte changed, and nothing throws', async () => {
  const made = await makeBlockchainTest('osaka');
  await fc.assert(
    fc.asyncProperty(fc.nat(made.lastBlock.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const rlp = Uint8Array.from(made.lastBlock);
      rlp[at]! ^= change;
      fc.pre(!changesWhatIsFree(made.lastBlock, rlp));
      const { failures } = await check(made.withInvalidBlock(rlp, 'BlockException.SOME_NAME_OF_ITS_OWN'));
      expect(failures.flatMap(({ lines }) => lines)).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

it('passes over forks and formats that are not ours, by name', async () => {
  const { fixture } = await makeBlockchainTest('cancun');
  expect(await check({ ...fixture, network: 'CancunToPragueAtTime15k' })).toEqual({
    passed: 0,
    failures: [],
    skipped: { 'fork CancunToPragueAtTime15k': 1 },
  });
  expect(await check({ network: 'Prague', engineNewPayloads: [] })).toEqual({
    passed: 0,
    failures: [],
    skipped: { 'format blockchain_test_engine': 1 },
  });
});

/** What the rules leave to who makes the block: the beacon chain's randomness, a 1024th of the gas limit, extra data. */
function changesWhatIsFree(before: Uint8Array, after: Uint8Array): boolean {
  try {
    const [left, right] = [decodeBlock(before).header, decodeBlock(after).header];
    const free = ['prevRandao', 'gasLimit', 'extraData'] as const;
    return free.some((field) => String(left[field]) !== String(right[field]));
  } catch {
    return false;
  }
}
