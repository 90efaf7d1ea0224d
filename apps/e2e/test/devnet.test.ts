// Goal: a whole devnet serves the tools that Ethereum developers use, finalizes, refuses bad input precisely, and survives kill -9.
// Method: viem, ethers, cast and plain HTTP against one devnet: that at SHEAF_E2E_RPC_URL, or a fresh one by the built CLI.
import { devToken } from '@sheaf/contracts';
import { waitFor } from '@sheaf/testing';
import { Contract, ContractFactory, HDNodeWallet, JsonRpcProvider, NonceManager, type InterfaceAbi } from 'ethers';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  getContract,
  keccak256,
  parseEther,
  parseGwei,
  parseTransaction,
  serializeTransaction,
  type Abi,
  type Address,
  type Hex,
} from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import {
  createClients,
  createRawClient,
  createSocketClient,
  devAccount,
  devMnemonic,
  devPrivateKey,
} from '../src/clients.ts';
import { openDevnet, type Devnet } from '../src/devnet.ts';

const run = promisify(execFile);
const workspaceRoot = join(__dirname, '../../..');
const abi = devToken.abi as Abi;
const supply = parseEther('1000000');

let devnet: Devnet;
let clients: ReturnType<typeof createClients>;
let raw: ReturnType<typeof createRawClient>;

beforeAll(async () => {
  devnet = await openDevnet();
  clients = createClients(devnet.rpcUrl);
  raw = createRawClient(devnet.rpcUrl);
  await waitFor(async () => (await clients.reader.getBlockNumber({ cacheTime: 0 })) >= 0n, { timeoutMs: 30_000 });
}, 180_000);
afterAll(async () => {
  await devnet?.stop();
}, 60_000);

/** Resolves once the height is final. */
async function finalized(height: bigint): Promise<void> {
  const reached = async (): Promise<boolean> =>
    (await clients.reader.getBlock({ blockTag: 'finalized' })).number >= height;
  await waitFor(reached, { timeoutMs: 60_000, what: `block ${height} is final` });
}

async function deployWithViem(account: number): Promise<{ address: Address; blockNumber: bigint }> {
  const wallet = clients.wallet(account);
  const hash = await wallet.deployContract({ abi, bytecode: devToken.bytecode, args: ['Sheaf Token', 'SHF', supply] });
  const receipt = await clients.reader.waitForTransactionReceipt({ hash, timeout: 60_000 });
  expect(receipt.status).toBe('success');
  return { address: receipt.contractAddress!, blockNumber: receipt.blockNumber };
}

describe('viem', () => {
  test('deploys an OpenZeppelin ERC-20, calls it, reads its events, sees it final', async () => {
    const { reader } = clients;
    const { address } = await deployWithViem(0);
    expect(await reader.getCode({ address })).toBe(devToken.deployedBytecode);
    const wallet = clients.wallet(0);
    const friend = devAccount(1).address;
    const token = getContract({ address, abi, client: reader });
    expect(await Promise.all([token.read['name']!(), token.read['symbol']!(), token.read['totalSupply']!()])).toEqual([
      'Sheaf Token',
      'SHF',
      supply,
    ]);

    const hash = await wallet.writeContract({ address, abi, functionName: 'transfer', args: [friend, 25n] });
    const receipt = await reader.waitForTransactionReceipt({ hash, timeout: 60_000 });
    expect(receipt).toMatchObject({
      status: 'success',
      type: 'eip1559',
      to: address.toLowerCase(),
      contractAddress: null,
    });
    expect(await reader.readContract({ address, abi, functionName: 'balanceOf', args: [friend] })).toBe(25n);
    const events = await reader.getContractEvents({
      address,
      abi,
      eventName: 'Transfer',
      fromBlock: receipt.blockNumber,
    });
    expect(events).toMatchObject([{ transactionHash: hash, args: { to: friend, value: 25n } }]);

    const block = await reader.getBlock({ blockHash: receipt.blockHash, includeTransactions: true });
    expect(block.transactions.map((transaction) => transaction.hash)).toContain(hash);
    await finalized(receipt.blockNumber);
    expect(await reader.getBlock({ blockNumber: receipt.blockNumber })).toMatchObject({ hash: receipt.blockHash });
    const status = await raw.ask('sheaf_getTransactionStatus', hash);
    expect(status.result).toMatchObject({ stage: 'finalized', reason: null });
  }, 120_000);

  test('a custom error reaches the caller with its data, a failed transaction its receipt', async () => {
    const { address } = await deployWithViem(0);
    const poor = devAccount(5);
    const transfer = { address, abi, functionName: 'transfer', args: [devAccount(1).address, 1n] } as const;
    await expect(clients.reader.simulateContract({ ...transfer, account: poor })).rejects.toMatchObject({
      cause: { data: { errorName: 'ERC20InsufficientBalance', args: [poor.address, 0n, 1n] } },
    });
    const hash = await clients.wallet(5).writeContract({ ...transfer, gas: 100_000n });
    const receipt = await clients.reader.waitForTransactionReceipt({ hash, timeout: 60_000 });
    expect(receipt).toMatchObject({ status: 'reverted', logs: [] });
  }, 120_000);

  test('proofs, fees and state at tags', async () => {
    const { reader } = clients;
    const { address } = devAccount(9);
    const { number, stateRoot } = await reader.getBlock({ blockTag: 'finalized' });
    const proof = await reader.getProof({ address, storageKeys: [], blockNumber: number });
    expect(proof.balance).toBe(await reader.getBalance({ address, blockNumber: number }));
    expect(keccak256(proof.accountProof[0]!)).toBe(stateRoot);
    expect(await reader.getBalance({ address, blockNumber: 0n })).toBe(parseEther('10000'));
    const fees = await reader.estimateFeesPerGas();
    expect(fees.maxFeePerGas).toBeGreaterThan(fees.maxPriorityFeePerGas);
    const history = await reader.getFeeHistory({ blockCount: 5, rewardPercentiles: [10, 90] });
    expect(history.baseFeePerGas.length).toBe(history.gasUsedRatio.length + 1);
  });

  test('WebSocket subscribers hear of every head', async () => {
    const socket = createSocketClient(devnet.rpcUrl);
    const heads: bigint[] = [];
    const { unsubscribe } = await socket.transport.subscribe({
      params: ['newHeads'],
      onData: ({ result }) => heads.push(BigInt(result.number)),
    });
    const hash = await clients.wallet(4).sendTransaction({ to: devAccount(3).address, value: 1n });
    const { blockNumber } = await clients.reader.waitForTransactionReceipt({ hash, timeout: 60_000 });
    await waitFor(() => heads.includes(blockNumber), { what: 'the head is announced' });
    expect(heads).toEqual(heads.map((_, index) => heads[0]! + BigInt(index)));
    await unsubscribe();
    ((await socket.transport.getRpcClient()) as unknown as { close(): void }).close();
  }, 90_000);

  test('the example script runs', async () => {
    const { stdout } = await run(process.execPath, ['apps/e2e/examples/viem-deploy.mjs', devnet.rpcUrl], {
      cwd: workspaceRoot,
      timeout: 90_000,
    });
    expect(stdout).toMatch(/deployed at 0x[0-9a-f]{40}/);
    expect(stdout).toMatch(/has 25 EXA\nblock \d+ is final\n$/);
  }, 100_000);
});

test('ethers deploys, calls, sends many, reads logs', async () => {
  const provider = new JsonRpcProvider(devnet.rpcUrl, undefined, { pollingInterval: 50, cacheTimeout: -1 });
  try {
    const wallet = HDNodeWallet.fromPhrase(devMnemonic, undefined, "m/44'/60'/0'/0/2").connect(provider);
    const signer = new NonceManager(wallet);
    const factory = new ContractFactory(devToken.abi as InterfaceAbi, devToken.bytecode, signer);
    const deployed = await factory.deploy('Ethers Token', 'ETT', supply);
    await deployed.waitForDeployment();
    const token = new Contract(await deployed.getAddress(), devToken.abi as InterfaceAbi, signer);
    expect(await token.getFunction('balanceOf')(wallet.address)).toBe(supply);
    const friend = devAccount(1).address;
    const sent = [];
    for (let value = 1n; value <= 10n; value++)
      sent.push(await token.getFunction('transfer')(friend, value, { gasLimit: 100_000n }));
    const receipts = await Promise.all(sent.map((transaction) => transaction.wait()));
    expect(receipts.map((receipt) => receipt.status)).toEqual(receipts.map(() => 1));
    expect(await token.getFunction('balanceOf')(friend)).toBe(55n);
    expect(await token.queryFilter('Transfer', receipts[0].blockNumber)).toHaveLength(10);
    await expect(token.getFunction('transferFrom').staticCall(friend, wallet.address, 1n)).rejects.toMatchObject({
      code: 'CALL_EXCEPTION',
      revert: { name: 'ERC20InsufficientAllowance' },
    });
  } finally {
    provider.destroy();
  }
}, 120_000);

describe('cast', () => {
  const binary = [
    join(workspaceRoot, 'node_modules/@foundry-rs/cast-linux-amd64/bin/cast'),
    join(workspaceRoot, 'node_modules/.bin/cast'),
  ].find((path) => existsSync(path));

  async function cast(...args: string[]): Promise<string> {
    const env = { ...process.env, ETH_RPC_URL: devnet.rpcUrl };
    const { stdout } = await run(binary!, args, { timeout: 60_000, env });
    return stdout.trim();
  }

  test('sends, reads the receipt, deploys, calls, asks for the finalized block', async () => {
    const key = ['--private-key', devPrivateKey(6)];
    const friend = devAccount(7).address;
    expect(await cast('chain-id')).toBe('74323');
    const before = BigInt(await cast('balance', friend));
    const sent = JSON.parse(await cast('send', friend, '--value', '1ether', '--json', ...key)) as Receipt;
    expect(sent).toMatchObject({ status: '0x1', to: friend.toLowerCase(), type: '0x2' });
    const receipt = JSON.parse(await cast('receipt', sent.transactionHash, '--json')) as Receipt;
    expect(receipt).toMatchObject({ blockHash: sent.blockHash, gasUsed: '0x5208' });
    expect(BigInt(await cast('balance', friend)) - before).toBe(parseEther('1'));

    const constructor = ['constructor(string,string,uint256)', 'Cast Token', 'CST', '1000'];
    const created = JSON.parse(
      await cast('send', ...key, '--json', '--create', devToken.bytecode, ...constructor),
    ) as Receipt;
    const token = created.contractAddress!;
    expect(await cast('call', token, 'balanceOf(address)(uint256)', devAccount(6).address)).toMatch(/^1000\b/);
    await cast('send', token, 'transfer(address,uint256)', friend, '7', '--json', ...key);
    expect(await cast('call', token, 'balanceOf(address)(uint256)', friend)).toBe('7');
    expect(
      await cast('estimate', token, 'transfer(address,uint256)', friend, '1', '--from', devAccount(6).address),
    ).toMatch(/^\d+$/);
    await expect(
      cast('call', token, 'transfer(address,uint256)', friend, '1', '--from', devAccount(8).address),
    ).rejects.toThrow(/execution reverted/);
    await finalized(BigInt(receipt.blockNumber));
    const block = JSON.parse(await cast('block', 'finalized', '--json')) as { number: Hex };
    expect(BigInt(block.number)).toBeGreaterThanOrEqual(BigInt(receipt.blockNumber));
  }, 120_000);

  interface Receipt {
    transactionHash: Hex;
    blockHash: Hex;
    blockNumber: Hex;
    contractAddress: Address | null;
  }
});

describe('bad input', () => {
  const chainId = 74_323;
  const to = devAccount(1).address;
  const fees = { maxFeePerGas: parseGwei('100'), maxPriorityFeePerGas: parseGwei('1') };
  const account = devAccount(8);
  let nonce: number;

  beforeAll(async () => {
    const hash = await clients.wallet(8).sendTransaction({ to, value: 1n });
    await clients.reader.waitForTransactionReceipt({ hash, timeout: 60_000 });
    nonce = await clients.reader.getTransactionCount({ address: account.address, blockTag: 'pending' });
  }, 90_000);

  const sign = (
    fields: Record<string, unknown> = {},
    by: { signTransaction: typeof account.signTransaction } = account,
  ) =>
    by.signTransaction({ type: 'eip1559', chainId, nonce, gas: 21_000n, to, value: 1n, ...fees, ...fields } as never);
  const send = async (transaction: Hex) => (await raw.ask('eth_sendRawTransaction', transaction)).error;

  const table: [string, () => Hex | Promise<Hex>, object][] = [
    ['malformed RLP', async () => `${await sign()}00`, { code: -32000, data: { reason: 'MALFORMED' } }],
    ['truncated RLP', async () => (await sign()).slice(0, -2) as Hex, { code: -32000, data: { reason: 'MALFORMED' } }],
    [
      'wrong chain id',
      () => sign({ chainId: 1 }),
      { code: -32000, message: 'invalid chain id for signer: have 1 want 74323' },
    ],
    [
      'bad signature',
      async () => highS(await sign()),
      { code: -32000, message: expect.stringMatching(/^invalid sender/) },
    ],
    [
      'nonce gap',
      () => sign({ nonce: nonce + 5 }),
      { code: -32000, message: expect.stringMatching(/^nonce too high/) },
    ],
    ['nonce too low', () => sign({ nonce: 0 }), { code: -32000, message: expect.stringMatching(/^nonce too low/) }],
    [
      'unfunded sender',
      () => sign({ nonce: 0 }, privateKeyToAccount(generatePrivateKey())),
      { code: -32000, message: expect.stringMatching(/^insufficient funds for gas \* price \+ value/) },
    ],
    [
      'gas below intrinsic',
      () => sign({ gas: 20_999n }),
      { code: -32000, message: expect.stringMatching(/^intrinsic gas too low/) },
    ],
    [
      'gas above the block',
      () => sign({ gas: 1_000_000_000n }),
      { code: -32000, data: { reason: 'GAS_LIMIT_EXCEEDED' } },
    ],
    [
      'oversized transaction',
      () => sign({ data: `0x${'00'.repeat(131_072)}`, gas: 10_000_000n }),
      { code: -32000, message: expect.stringMatching(/^oversized data/) },
    ],
    ['no hex', () => '0xzz' as Hex, { code: -32602, data: { parameter: 'transaction' } }],
  ];

  function highS(transaction: Hex): Hex {
    const parsed = parseTransaction(transaction as `0x02${string}`);
    return serializeTransaction(parsed, { r: parsed.r!, s: `0x${'ff'.repeat(32)}`, yParity: parsed.yParity! });
  }

  test.each(table)('%s', async (_name, make, expected) => {
    expect(await send(await make())).toMatchObject(expected);
  });

  test('unknown method, malformed JSON, a batch over the limit', async () => {
    expect((await raw.ask('eth_mine')).error).toMatchObject({
      code: -32601,
      message: expect.stringContaining('eth_mine'),
    });
    const malformed = await raw.post('{"jsonrpc": "2.0", ');
    expect(malformed.status).toBe(200);
    expect(JSON.parse(malformed.text)).toMatchObject({ id: null, error: { code: -32700 } });
    const request = { jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] };
    const batch = await raw.post(JSON.stringify(Array.from({ length: 101 }, () => request)));
    expect(JSON.parse(batch.text)).toMatchObject({
      id: null,
      error: { code: -32600, message: 'batch too large: 101 requests, at most 100' },
    });
  });

  test('afterwards the nonce is what it was and the next transaction goes through', async () => {
    const { reader } = clients;
    expect(await reader.getTransactionCount({ address: account.address, blockTag: 'pending' })).toBe(nonce);
    const hash = await reader.sendRawTransaction({ serializedTransaction: await sign() });
    expect(await reader.waitForTransactionReceipt({ hash, timeout: 60_000 })).toMatchObject({ status: 'success' });
    expect(await send(await sign({ value: 2n }))).toMatchObject({ message: expect.stringMatching(/^nonce too low/) });
  }, 90_000);
});

/** Every process of which there is one that matters: two of three validators are enough, so one stands for them. */
const killable = [
  'execution-0',
  'execution-1',
  'sequencer',
  'da-0',
  'settlement',
  'validator-1',
  'gateway',
  'nats',
  'postgres',
];

test.each(killable)(
  '%s is killed with -9: what was answered is included, the chain goes on and finalizes',
  async (name) => {
    const { pidOf } = devnet;
    if (!pidOf) return console.warn('SHEAF_E2E_RPC_URL is set: nothing is killed there');
    const { reader } = clients;
    const wallet = clients.wallet(3);
    const friend = privateKeyToAccount(generatePrivateKey()).address;
    const nonce = await reader.getTransactionCount({ address: wallet.account.address, blockTag: 'pending' });
    const sign = (index: number): Promise<Hex> =>
      wallet.signTransaction({
        to: friend,
        value: 1n,
        nonce: nonce + index,
        gas: 21_000n,
        maxFeePerGas: parseGwei('100'),
        maxPriorityFeePerGas: parseGwei('1'),
      });
    const [first, second, third] = [await sign(0), await sign(1), await sign(2)];
    const answered = [
      await reader.sendRawTransaction({ serializedTransaction: first }),
      await reader.sendRawTransaction({ serializedTransaction: second }),
    ];
    const pid = await pidOf(name);
    process.kill(pid, 'SIGKILL');
    // Nobody sends the answered ones again; the one after them is sent until it is taken.
    const included = (hash: Hex) => reader.getTransactionReceipt({ hash }).catch(() => undefined);
    const taken = async () => {
      await reader.sendRawTransaction({ serializedTransaction: third }).catch(() => undefined);
      return (await included(keccak256(third))) !== undefined;
    };
    await waitFor(taken, { timeoutMs: 90_000, what: 'a transaction sent after the kill is included' });
    const receipts = await Promise.all([...answered, keccak256(third)].map(included));
    expect(receipts.map((receipt) => receipt?.status)).toEqual(['success', 'success', 'success']);
    await waitFor(async () => (await pidOf(name)) !== pid, { timeoutMs: 60_000, what: `${name} runs again` });
    await finalized(receipts[2]!.blockNumber);
    expect(await reader.getBalance({ address: friend, blockTag: 'finalized' })).toBe(3n);
  },
  240_000,
);
