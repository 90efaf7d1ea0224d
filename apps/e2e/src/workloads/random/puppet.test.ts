// Goal: each operation of the puppet does what it says.
// Method: one program each in a transaction on the engine; what it saw or stored is read from its slots.
import { concatBytes, hexToBytes, zeroAddress, type Address } from '@sheaf/primitives';
import { signTransaction } from '@sheaf/ethereum';
import { keccak256 } from '@sheaf/crypto';
import { initCode } from '../assembler.ts';
import { createSigner, privateKeyOf } from '../keys.ts';
import { openMemoryChain } from '../memory-chain.ts';
import { addressOfName, word } from '../slots.ts';
import { workloadSpec } from '../workload.ts';
import { create2Address } from './create2-address.ts';
import { proxyOf, puppet, puppetCode } from './puppet.ts';

const sender = createSigner().address(0);
const [at, other, proxy, nobody] = ['puppet', 'other', 'proxy', 'nobody'].map(addressOfName) as [
  Address,
  Address,
  Address,
  Address,
];
const coinbase = addressOfName('coinbase');
const ether = 10n ** 18n;
const plain = { nonce: 0n, code: new Uint8Array(0), storage: new Map() };
const spec = workloadSpec(
  new Map([
    [sender, { ...plain, balance: ether }],
    [coinbase, { ...plain, balance: 77n }],
    [at, { balance: 1_000n, nonce: 1n, code: puppetCode, storage: new Map([[word(9n), word(90n)]]) }],
    [other, { balance: 5n, nonce: 1n, code: puppetCode, storage: new Map() }],
    [proxy, { balance: 0n, nonce: 1n, code: proxyOf(at), storage: new Map() }],
  ]),
  30_000_000n,
  coinbase,
);

/** What the slots of the contract are after the program, 0 to 2, and more of the block. */
async function run(...program: Uint8Array[]) {
  const chain = await openMemoryChain(spec);
  const raw = signTransaction(
    {
      type: 2,
      chainId: spec.chainId,
      nonce: 0n,
      gasLimit: 2_000_000n,
      maxFeePerGas: 10n ** 10n,
      to: at,
      data: concatBytes(...program),
    },
    privateKeyOf(0),
  );
  const { block } = await chain.execute(
    chain.payload({
      transactions: [raw],
      senders: [sender],
      deposits: [],
      gasLimit: 30_000_000n,
      feeRecipient: coinbase,
      seconds: 1n,
    }),
  );
  const slots = (address: Address) => [0n, 1n, 2n].map((slot) => chain.slot(address, slot));
  return { chain, receipt: block.receipts[0]!, slots: slots(at), slotsOf: slots };
}
const seen = async (...program: Uint8Array[]) => (await run(...program, puppet.keepIt(0))).slots[0]!;
const child = initCode(proxyOf(at));

test('an empty program is a receive; garbage halts', async () => {
  expect((await run()).receipt).toMatchObject({ status: true });
  expect((await run(Uint8Array.of(0, 0))).receipt).toMatchObject({ status: false, gasUsed: 2_000_000n });
});

test.each<[string, Uint8Array[], bigint]>([
  ['sload', [puppet.sload(9)], 90n],
  ['sloadIt', [puppet.sstore(2, 33), puppet.sstore(1, 5), puppet.sload(2), puppet.sloadIt()], 5n],
  ['add', [puppet.add(9, 3), puppet.sload(9)], 93n],
  ['point', [puppet.point(1, other), puppet.sload(1)], BigInt(other)],
  ['keep', [puppet.sload(9), puppet.sload(9), puppet.keep(1), puppet.sload(1)], 90n * 31n + 90n],
  ['swap paid', [puppet.sstore(1, 200), puppet.swap(9, 1, 10), puppet.sload(9)], 100n],
  ['swap bought', [puppet.sstore(1, 200), puppet.swap(9, 1, 10), puppet.sload(1)], 180n],
  ['tload', [puppet.tstore(3, 44), puppet.tload(3)], 44n],
  ['balance', [puppet.balance(other)], 5n],
  ['selfBalance', [puppet.selfBalance()], 1_000n],
  ['coinbaseBalance', [puppet.coinbaseBalance()], 77n],
  ['codeSize', [puppet.codeSize(proxy)], 45n],
  ['codeHash', [puppet.codeHash(proxy)], BigInt(`0x${Buffer.from(keccak256(proxyOf(at))).toString('hex')}`)],
  ['codeHash of nobody', [puppet.sload(9), puppet.codeHash(nobody)], 0n],
  ['codeCopy', [puppet.codeCopy(proxy)], BigInt(`0x${Buffer.from(proxyOf(at).subarray(0, 32)).toString('hex')}`)],
  ['unlessEven, even', [puppet.sload(9), puppet.unlessEven(puppet.selfBalance())], 90n],
  [
    'unlessEven, odd',
    [puppet.sload(9), puppet.add(9, 1), puppet.sload(9), puppet.unlessEven(puppet.selfBalance())],
    1_000n,
  ],
  ['call', [puppet.call(other, concatBytes(puppet.selfBalance(), puppet.log(1)), { value: 3n })], 8n * 2n + 1n],
  ['call that reverts', [puppet.call(other, concatBytes(puppet.selfBalance(), puppet.revert()))], 10n],
  ['call that burns', [puppet.call(other, puppet.burn(), { gas: 50_000 })], 0n],
  ['call of it', [puppet.point(1, other), puppet.sload(1), puppet.call(zeroAddress, puppet.selfBalance())], 11n],
  ['staticCall', [puppet.staticCall(other, puppet.sstore(0, 1))], 0n],
  ['delegateCall', [puppet.delegateCall(other, puppet.selfBalance())], 2_001n],
  ['callCode', [puppet.callCode(other, puppet.sload(9))], 181n],
  ['call of a proxy', [puppet.call(proxy, puppet.codeSize(proxy))], 91n],
  ['forward', [puppet.forward(other), puppet.balance(other)], 505n],
  ['create', [puppet.create(child, 4n), puppet.call(zeroAddress, puppet.selfBalance())], 9n],
  ['create2', [puppet.create2(child, 7, 4n)], BigInt(create2Address(at, 7, child))],
  ['create2 twice', [puppet.create2(child, 7), puppet.create2(child, 7)], 0n],
])('%s', async (_name, program, expected) => {
  expect(await seen(...program)).toBe(expected);
});

test('blockHash, environment and gas see something', async () => {
  const { chain, slots } = await run(
    puppet.blockHash(1),
    puppet.keepIt(0),
    puppet.environment(),
    puppet.keepIt(1),
    puppet.gas(),
    puppet.keepIt(2),
  );
  expect(slots[0]).toBe(BigInt(chain.header().parentHash));
  expect(slots.every((value) => value > 0n)).toBe(true);
});

test('log has the topic and the accumulator', async () => {
  const { receipt } = await run(puppet.sload(9), puppet.log(6));
  expect(receipt.logs.list()).toMatchObject([{ address: at, topics: [word(6n)], data: hexToBytes(word(90n)) }]);
});

test('stop, revert and invalid end it', async () => {
  for (const [end, status] of [
    [puppet.stop(), true],
    [puppet.revert(), false],
    [puppet.invalid(), false],
  ] as const) {
    const { receipt, slots } = await run(puppet.sstore(0, 1), end, puppet.sstore(0, 2));
    expect([receipt.status, slots[0]]).toEqual([status, status ? 1n : 0n]);
  }
});

test('selfDestruct pays the heir; a contract of this transaction is gone', async () => {
  const old = await run(puppet.selfDestruct(nobody));
  expect(old.chain.head().account(nobody)).toMatchObject({ balance: 1_000n });
  expect(old.chain.head().account(at)).toMatchObject({ balance: 0n, hasCode: true });
  const address = create2Address(at, 1, child);
  const program = [puppet.create2(child, 1, 9n), puppet.call(zeroAddress, puppet.selfDestruct(zeroAddress))];
  const fresh = await run(...program);
  expect(fresh.chain.head().account(address)).toEqual({ balance: 0n, nonce: 0n, hasCode: false });
  expect(fresh.chain.head().account(at)).toMatchObject({ balance: 991n });
});
