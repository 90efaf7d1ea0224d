// Goal: the oracle accepts a right chain and names the block of a wrong one, whatever field is wrong.
// Method: a chain of five blocks made by our own state transition (token deployment, transfers, an empty block, BLOCKHASH),
// given as JSON-RPC would; then one field of one block at a time is changed, with the block's hash made to fit.
import { createBlockFromRLP, createBlockHeaderFromRPC, type Block, type JSONRPCBlock } from '@ethereumjs/block';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { bytesToHex as toHex } from '@ethereumjs/util';
import { nextBaseFee, signTransaction, type Header } from '@sheaf/ethereum';
import { bytesToHex, hexToBytes, toAddress, toEpoch, toHeight, type Hash32, type Hex } from '@sheaf/primitives';
import { payloadHash, type Payload } from '@sheaf/protocol';
import { BlockDraft, memoryKeyValue, PartitionState } from '@sheaf/state';
import { createEngine, genesis } from '@sheaf/state-transition';
import { devChainSpec } from '@sheaf/testing';
import { replayChain, type GenesisJson } from './oracle.ts';
import { createWorkload } from './workload.ts';

const { spec, json, accounts } = devChainSpec();
const common = new Common({ chain: { ...Mainnet, chainId: Number(spec.chainId) }, hardfork: Hardfork.Osaka });
let chain: JSONRPCBlock[];
/** Code at genesis. */
let genesisCode: (address: Hex) => Hex;

beforeAll(async () => {
  const work = createWorkload({ chainId: spec.chainId, owner: accounts[0]!, senders: 3, transfers: 12 });
  const bytes = (transactions: { raw: Hex }[]): Uint8Array[] => transactions.map(({ raw }) => hexToBytes(raw));
  // BLOCKHASH of the block before: sstore(0, blockhash(number - 1)).
  const blockHash = {
    type: 2,
    chainId: spec.chainId,
    nonce: 0n,
    gasLimit: 200_000n,
    data: hexToBytes('0x6001430340600055'),
    maxFeePerGas: 10n ** 10n,
  } as const;
  chain = await execute([
    bytes([work.deploy]),
    bytes(work.funding),
    bytes(work.transfers),
    [],
    [signTransaction(blockHash, accounts[1]!.privateKey)],
  ]);
});

/** Blocks of the given transactions, genesis first, in JSON-RPC's form. */
async function execute(bodies: Uint8Array[][]): Promise<JSONRPCBlock[]> {
  const engine = createEngine(spec);
  const start = await genesis(spec);
  const state = new PartitionState(memoryKeyValue());
  state.commit(state.prepare(start.changes), { height: toHeight(0) });
  genesisCode = (address) => {
    const change = start.changes.accounts.find((account) => toAddress(account.address) === toAddress(address));
    const codeHash = change?.account && (bytesToHex(change.account.codeHash) as Hash32);
    return toHex((codeHash && start.changes.codes.get(codeHash)) ?? new Uint8Array(0));
  };
  const headers: Header[] = [start.header];
  const blocks = [start.rlp];
  let parentHash = start.hash;
  for (const [i, transactions] of bodies.entries()) {
    const parent = headers[0]!;
    const payload: Payload = {
      chainId: spec.chainId,
      height: toHeight(i + 1),
      epoch: toEpoch(1),
      parentHash,
      timestamp: parent.timestamp + BigInt(i % 2),
      baseFeePerGas: nextBaseFee({ ...parent, baseFeePerGas: parent.baseFeePerGas }),
      gasLimit: parent.gasLimit,
      feeRecipient: spec.feeRecipient,
      prevRandao: parentHash,
      deposits: [],
      transactions,
    };
    const input = { payload, payloadHash: payloadHash(payload), parent, ancestors: [...headers] };
    const draft = new BlockDraft(state);
    const { block } = await engine.executePayload(input, draft);
    expect(block.dropped).toEqual([]);
    expect(block.receipts.every(({ status }) => status)).toBe(true);
    draft.commit({ height: payload.height });
    headers.unshift(block.header);
    blocks.push(block.rlp);
    parentHash = payloadHash(payload);
  }
  return blocks.map((rlp) => toJsonRpc(createBlockFromRLP(rlp, { common })));
}

function toJsonRpc(block: Block): JSONRPCBlock {
  const { coinbase, uncleHash, transactionsTrie, receiptTrie, ...header } = block.header.toJSON();
  return {
    ...header,
    miner: coinbase!,
    sha3Uncles: uncleHash!,
    transactionsRoot: transactionsTrie!,
    receiptsRoot: receiptTrie!,
    hash: toHex(block.hash()),
    size: '0x0',
    totalDifficulty: '0x0',
    uncles: [],
    withdrawals: [],
    transactions: block.transactions.map((tx) => ({
      ...tx.toJSON(),
      gas: tx.toJSON().gasLimit,
      input: tx.toJSON().data,
    })),
  } as unknown as JSONRPCBlock;
}

function replay(blocks: JSONRPCBlock[]) {
  const source = {
    block: async (height: number) => blocks[height]!,
    code: async (address: Hex) => genesisCode(address),
  };
  return replayChain(json as GenesisJson, blocks.length - 1, source);
}

test('a right chain is compared to its end', async () => {
  const result = await replay(chain);
  expect(result).toEqual({ compared: 6, transactions: 1 + 6 + 12 + 1, difference: undefined });
});

test('two runs of the workload are the same', () => {
  const options = { chainId: spec.chainId, owner: accounts[0]!, senders: 3, transfers: 6 };
  expect(createWorkload(options)).toEqual(createWorkload(options));
});

const other: Hex = `0x${'5a'.repeat(32)}`;
test.each([
  ['parentHash', other],
  ['stateRoot', other],
  ['receiptsRoot', other],
  ['transactionsRoot', other],
  ['withdrawalsRoot', other],
  ['requestsHash', other],
  ['parentBeaconBlockRoot', other],
  ['logsBloom', `0x${'01'.repeat(256)}`],
  ['gasUsed', '0x5208'],
  ['baseFeePerGas', '0x7'],
  ['timestamp', '0x1'],
  ['number', '0x9'],
  ['miner', `0x${'11'.repeat(20)}`],
] as const)('a wrong %s is found, though the hash fits the header', async (field, value) => {
  const forged = { ...chain[3]!, [field]: value } as JSONRPCBlock;
  forged.hash = toHex(createBlockHeaderFromRPC(forged, { common }).hash());
  const { compared, difference } = await replay([...chain.slice(0, 3), forged, ...chain.slice(4)]);
  expect(difference).toMatch(/^block 3: /);
  expect(compared).toBe(3);
});

test('a left out transaction and a wrong hash are found', async () => {
  const shorter = { ...chain[3]!, transactions: chain[3]!.transactions.slice(1) } as JSONRPCBlock;
  expect((await replay([...chain.slice(0, 3), shorter])).difference).toMatch(/^block 3: /);
  const renamed = { ...chain[5]!, hash: other } as JSONRPCBlock;
  expect((await replay([...chain.slice(0, 5), renamed])).difference).toMatch(/^block 5: its fields hash to/);
});

test('a genesis with another state is found', async () => {
  const { genesis: start, ...rest } = json as GenesisJson;
  const richer = start.alloc.map((entry, i) => (i === 0 ? { ...entry, balance: '1' } : entry));
  const source = {
    block: async (height: number) => chain[height]!,
    code: async (address: Hex) => genesisCode(address),
  };
  const { difference } = await replayChain({ ...rest, genesis: { ...start, alloc: richer } }, 5, source);
  expect(difference).toMatch(/^genesis: state root/);
});
