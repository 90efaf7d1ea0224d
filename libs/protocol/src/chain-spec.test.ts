// Goal: a specification survives its JSON form; a bad one is refused with every fault; unproven keys are found.
// Method: one full specification with real keys, changed in one place at a time and in several at once.
import { blsProvePossession, blsPublicKey } from '@sheaf/crypto';
import { bytesToHex, ChainError, toAddress, toHash32 } from '@sheaf/primitives';
import { formatChainSpec, parseChainSpec, verifyChainSpecKeys, type ChainSpec } from './chain-spec.ts';

const keyOf = (byte: number) => {
  const secret = new Uint8Array(32).fill(byte);
  return { publicKey: blsPublicKey(secret), proofOfPossession: blsProvePossession(secret) };
};
const addressOf = (byte: number) => toAddress(new Uint8Array(20).fill(byte));
const hashOf = (byte: number) => toHash32(new Uint8Array(32).fill(byte));

const spec: ChainSpec = {
  chainId: 74_323n,
  fork: 'osaka',
  genesis: {
    timestamp: 1_700_000_000n,
    gasLimit: 60_000_000n,
    baseFeePerGas: 1_000_000_000n,
    extraData: Uint8Array.from([1, 2]),
    alloc: new Map([
      [addressOf(1), { balance: 10n ** 22n, nonce: 0n, code: new Uint8Array(0), storage: new Map() }],
      [
        addressOf(2),
        { balance: 0n, nonce: 1n, code: Uint8Array.from([0x60, 0]), storage: new Map([[hashOf(0), hashOf(7)]]) },
      ],
    ]),
  },
  feeRecipient: addressOf(3),
  validators: [1, 2, 3].map((byte) => ({ ...keyOf(byte), stakeGwei: 32_000_000_000n })),
  da: { nodes: [4, 5].map(keyOf), lostNodesMax: 1, columnsPerNode: 64 },
};

/** The JSON form with the value at a dotted path replaced, or removed by undefined. */
const changed = (changes: Record<string, unknown>): unknown => {
  const json = structuredClone(formatChainSpec(spec));
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split('.');
    const last = keys.pop()!;
    const parent = keys.reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], json);
    (parent as Record<string, unknown>)[last] = value;
  }
  return JSON.parse(JSON.stringify(json));
};
const faults = (run: () => unknown): { field: string; message: string } => {
  try {
    run();
  } catch (error) {
    if (error instanceof ChainError && error.detail.code === 'INVALID_ARGUMENT') return error.detail;
    throw error;
  }
  throw new Error('nothing was refused');
};

test('round trip through JSON text', () => {
  expect(parseChainSpec(JSON.parse(JSON.stringify(formatChainSpec(spec))))).toEqual(spec);
});

test('integers may be numbers or hex; what an account leaves out is empty', () => {
  const parsed = parseChainSpec(
    changed({
      chainId: 74_323,
      'genesis.gasLimit': '0x3938700',
      'genesis.alloc': [{ address: addressOf(1), balance: '5' }],
    }),
  );
  expect(parsed.chainId).toBe(74_323n);
  expect(parsed.genesis.gasLimit).toBe(60_000_000n);
  expect(parsed.genesis.alloc).toEqual(
    new Map([[addressOf(1), { balance: 5n, nonce: 0n, code: new Uint8Array(0), storage: new Map() }]]),
  );
});

test.each<[string, unknown, string?]>([
  ['chainId', 0],
  ['chainId', 2 ** 60],
  ['chainId', '18446744073709551616'],
  ['chainId', '01'],
  ['chainId', undefined],
  ['fork', 'london'],
  ['colour', 'green', 'chainSpec'],
  ['genesis.gasLimit', '4999'],
  ['genesis.timestamp', -1],
  ['genesis.baseFeePerGas', '1.5'],
  ['genesis.extraData', `0x${'00'.repeat(33)}`],
  ['genesis.alloc.0.address', '0x00'],
  ['genesis.alloc.0.balance', `0x1${'00'.repeat(32)}`],
  ['genesis.alloc.1.code', '0x0'],
  ['genesis.alloc.1.code', `0x${'00'.repeat(24_577)}`],
  ['genesis.alloc.1.storage.0.value', `0x${'00'.repeat(32)}`],
  ['genesis.alloc.1.address', addressOf(1).toUpperCase().replace('X', 'x'), 'chainSpec.genesis.alloc'],
  ['feeRecipient', ''],
  ['validators', []],
  ['validators.0.stakeGwei', '0'],
  ['validators.2.publicKey', `0x${'00'.repeat(47)}`],
  ['validators.0.publicKey', bytesToHex(spec.validators[1]!.publicKey), 'chainSpec.validators'],
  ['validators.0.stakeGwei', '18446744073709551615', 'chainSpec.validators'],
  ['da.nodes', []],
  ['da.nodes.1.proofOfPossession', `0x${'00'.repeat(97)}`],
  ['da.lostNodesMax', 2, 'chainSpec.da'],
  ['da.lostNodesMax', 43],
  ['da.columnsPerNode', 63, 'chainSpec.da'],
  ['da.columnsPerNode', 129],
])('%s = %j is refused by name', (path, value, field = `chainSpec.${path}`) => {
  expect(faults(() => parseChainSpec(changed({ [path]: value }))).field).toBe(field);
});

test('all faults are told at once', () => {
  const bad = changed({ chainId: 0, fork: 'x', 'validators.0.stakeGwei': '0', 'da.columnsPerNode': 0 });
  const { message } = faults(() => parseChainSpec(bad));
  expect(message.split('\n').map((line) => line.split(':')[0])).toEqual([
    'chainSpec.chainId',
    'chainSpec.fork',
    'chainSpec.validators.0.stakeGwei',
    'chainSpec.da.columnsPerNode',
    'chainSpec.da',
  ]);
  expect(faults(() => parseChainSpec(null)).field).toBe('chainSpec');
  expect(faults(() => parseChainSpec('{}')).field).toBe('chainSpec');
});

test('keys without proof of possession are all found', () => {
  expect(() => verifyChainSpecKeys(spec)).not.toThrow();
  const swapped: ChainSpec = {
    ...spec,
    validators: spec.validators.with(1, {
      ...spec.validators[1]!,
      proofOfPossession: spec.validators[0]!.proofOfPossession,
    }),
    da: { ...spec.da, nodes: spec.da.nodes.with(0, { ...spec.da.nodes[0]!, publicKey: new Uint8Array(48) }) },
  };
  expect(faults(() => verifyChainSpecKeys(swapped)).message).toBe(
    'chainSpec.validators.1.proofOfPossession: does not prove the key\n' +
      'chainSpec.da.nodes.0.proofOfPossession: does not prove the key',
  );
});
