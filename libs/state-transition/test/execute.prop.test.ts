// Goal: every block that the engine makes is Ethereum's, and its witness is all that is needed to make it again.
// Method: random mixes of valid and invalid transactions over three blocks, on each fork; each block is run again by a
// plain @ethereumjs/vm (which compares every root), and by the engine over the witness alone.
import {
  bigintToBytes,
  bytesToHex,
  concatBytes,
  encodeRlp,
  hexToBytes,
  toAddress,
  type Address,
} from '@sheaf/primitives';
import { payloadHash, type Deposit, type Payload } from '@sheaf/protocol';
import { decodeHeader, signTransaction, type Authorization, type UnsignedTransaction } from '@sheaf/ethereum';
import { keccak256, signDigest } from '@sheaf/crypto';
import fc from 'fast-check';
import { readAccount, WitnessState } from '@sheaf/state';
import type { ExecutePayloadResult } from '../src/index.ts';
import {
  chainId,
  contracts,
  keys,
  openChain,
  poorKey,
  senders,
  sign,
  testSpec,
  word,
  type TestChain,
} from './chain.ts';
import { openOracle } from './oracle.ts';

const bytes = hexToBytes;
const words = (...values: bigint[]) => concatBytes(...values.map((value) => bytes(word(value))));

/** EIP-7702: key `from` lets `address` be its code. */
function authorize(from: number, nonce: bigint, address: Address): Authorization {
  const fields = [bigintToBytes(chainId), bytes(address), bigintToBytes(nonce)];
  const { r, s, yParity } = signDigest(keccak256(concatBytes(Uint8Array.of(5), encodeRlp(fields))), keys[from]!);
  return { chainId, address, nonce, yParity, r: BigInt(bytesToHex(r)), s: BigInt(bytesToHex(s)) };
}

interface Action {
  from: number;
  nonceShift: bigint;
  fields: Partial<UnsignedTransaction>;
  authorizes?: number;
}

const forwarded = fc
  .tuple(
    fc.constantFrom(1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n, 11n, 13n, 15n, 0x100n),
    fc.uint8Array({ maxLength: 220 }),
  )
  .map(([precompile, input]) => ({
    to: contracts.forward,
    data: concatBytes(words(precompile), input),
    gasLimit: 400_000n,
  }));
const small = fc.bigInt({ min: 0n, max: 9n });
const message: fc.Arbitrary<Partial<UnsignedTransaction>> = fc.oneof(
  fc.record({ to: fc.constantFrom(...senders, toAddress(`0x${'ab'.repeat(20)}`)), value: small }),
  fc.tuple(small, small).map(([slot, value]) => ({ to: contracts.store, data: words(slot, value) })),
  small.map((value) => ({ to: contracts.revert, data: words(value) })),
  fc.constant({ to: contracts.burn, gasLimit: 60_000n }),
  small.map((back) => ({ to: contracts.environment, data: words(back), gasLimit: 300_000n })),
  fc
    .constantFrom('0x33ff', '0x60015f5533ff', '0x60015f5560006000f3', '0x6001600155600160025560056000f3')
    .map((init) => ({ to: contracts.create, data: bytes(init), gasLimit: 400_000n })),
  fc
    .constantFrom('0x33ff', '0x60055f5560036000f3', '0xfe', '0x60ef60005360016000f3')
    .map((init) => ({ data: bytes(init), to: undefined })),
  fc.constant({ to: contracts.recurse, gasLimit: 2_000_000n }),
  forwarded,
  fc.record({
    to: fc.constant(toAddress('0x00000961ef480eb55e80d19ad83579a64c007002')),
    data: fc.uint8Array({ minLength: 56, maxLength: 56 }),
    value: fc.constantFrom(1n, 5n),
  }),
  fc.record({
    to: fc.constant(toAddress('0x0000bbddc7ce488642fb579f8b00f3a590007251')),
    data: fc.uint8Array({ minLength: 96, maxLength: 96 }),
    value: fc.constant(2n),
  }),
);
const envelope = fc.oneof<fc.Arbitrary<Partial<UnsignedTransaction>>[]>(
  fc.constant({ type: 0 as const }),
  fc.constant({ type: 0 as const, chainId: undefined }),
  fc.constant({ type: 1 as const, accessList: [{ address: contracts.store, storageKeys: [word(1n), word(2n)] }] }),
  fc.constant({ type: 2 as const }),
);
const bad = fc.constantFrom<Partial<UnsignedTransaction>>(
  { chainId: 5n },
  { gasLimit: 20_000n },
  { gasLimit: 31_000_000n },
  { maxFeePerGas: 1n, maxPriorityFeePerGas: 0n, type: 2 },
  { value: 10n ** 30n },
  { type: 3, to: senders[0], blobVersionedHashes: [word(2n ** 248n + 1n)], chainId },
  { to: undefined, data: new Uint8Array(49_153), gasLimit: 5_000_000n },
);
const action: fc.Arbitrary<Action> = fc.record(
  {
    from: fc.integer({ min: 0, max: 3 }),
    nonceShift: fc.oneof(
      { weight: 12, arbitrary: fc.constant(0n) },
      { weight: 1, arbitrary: fc.constantFrom(-1n, 1n) },
    ),
    fields: fc
      .tuple(envelope, message, fc.option(bad, { nil: {}, freq: 8 }))
      .map(([a, b, c]) => ({ ...a, ...b, ...c })),
    authorizes: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined as never, freq: 5 }),
  },
  { requiredKeys: ['from', 'nonceShift', 'fields'] },
);
const deposit: fc.Arbitrary<Deposit> = fc.record({
  index: fc.nat(1000).map(BigInt),
  validatorIndex: fc.nat(1000).map(BigInt),
  address: fc.constantFrom(...senders, toAddress(`0x${'dd'.repeat(20)}`)),
  amountGwei: fc.constantFrom(0n, 1n, 10n ** 9n),
});
const block = fc.record({
  actions: fc.array(action, { maxLength: 10 }),
  deposits: fc.array(deposit, { maxLength: 3 }),
  seconds: fc.constantFrom(0n, 1n, 12n),
});

/** The same payload over the witness alone, with one piece of it lost if asked for. */
async function remake(
  chain: TestChain,
  result: ExecutePayloadResult,
  payload: Payload,
  lose?: { list: 'storages' | 'codes'; index: number },
) {
  const witness = chain.witness();
  if (lose?.list === 'codes') witness.codes.splice(lose.index, 1);
  if (lose?.list === 'storages') witness.storages.splice(lose.index, 1);
  const headers = result.headers.map(decodeHeader);
  const input = { payload, payloadHash: payloadHash(payload), parent: headers[0]!, ancestors: headers };
  return (await chain.engine.executePayload(input, new WitnessState(witness, headers[0]!.stateRoot))).block;
}

test.each(['cancun', 'prague', 'osaka'] as const)(
  '%s: random blocks are what the oracle makes of them',
  async (fork) => {
    const spec = testSpec(fork);
    const reasons = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(block, { minLength: 1, maxLength: 3 }), fc.nat(), async (blocks, pick) => {
        const chain = await openChain(spec);
        const oracle = await openOracle(spec, chain.genesis.hash);
        expect(bytesToHex(await oracle.stateRoot())).toBe(chain.genesis.header.stateRoot);
        const nonces = [0n, 0n, 0n, 0n];
        for (const { actions, deposits, seconds } of blocks) {
          const transactions = actions.map(({ from, nonceShift, fields, authorizes }) => {
            const nonce = nonces[from]! + nonceShift < 0n ? 0n : nonces[from]! + nonceShift;
            const own: Partial<UnsignedTransaction> = { ...fields, nonce };
            if (authorizes !== undefined && fields.type === 2 && fields.to !== undefined) {
              const selfNonce = nonces[authorizes]! + (authorizes === from ? 1n : 0n);
              own.type = 4;
              own.authorizationList = [authorize(authorizes, selfNonce, contracts.store)];
              if (fork !== 'cancun' && nonceShift === 0n) nonces[authorizes]! += 1n;
            }
            if (nonceShift === 0n) nonces[from]! += 1n;
            return sign(from, own);
          });
          transactions.push(
            Uint8Array.of(1, 2, 3),
            signTransaction(
              { type: 0, chainId, nonce: 0n, gasLimit: 21_000n, to: senders[0], gasPrice: 3n * 10n ** 9n },
              poorKey,
            ),
          );
          const payload = chain.payload({ transactions, deposits, timestamp: chain.head().timestamp + seconds });
          const result = await chain.execute(payload);
          for (const { reason } of result.block.dropped) reasons.add(reason);
          expect(result.block.transactions.length + result.block.dropped.length).toBe(transactions.length);
          const oracleResult = await oracle.run(result.block.rlp);
          expect(oracleResult.receipts.map((receipt) => receipt.logs.length)).toEqual(
            result.block.receipts.map((receipt) => receipt.logs.length),
          );
          expect((await remake(chain, result, payload)).hash).toBe(result.block.hash);
          const whole = chain.witness();
          const lists = (['storages', 'codes'] as const).filter((name) => whole[name].length > 0);
          const list = lists[pick % lists.length]!;
          await expect(
            remake(chain, result, payload, { list, index: pick % whole[list].length }),
          ).rejects.toMatchObject({ code: 'DATA_LOSS' });
          // Senders whose transactions were dropped are behind what was counted: go on from the state.
          for (const [index, address] of senders.entries()) {
            nonces[index] = readAccount(chain.at(), address).nonce;
          }
        }
      }),
      { numRuns: 12 },
    );
    expect([...reasons]).toEqual(expect.arrayContaining(['MALFORMED', 'INSUFFICIENT_FUNDS']));
  },
  120_000,
);
