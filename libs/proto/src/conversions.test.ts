// Goal: every field of every message is checked where it enters, and a bad one is named in dotted form.
// Method: a table of what each field may be; from it a missing, an over-long and an under-long value for each, put into
// an otherwise good message. A walk over that message proves that no field is left out of the table.
import { ChainError, limits } from '@sheaf/primitives';
import * as sample from '../test/samples.ts';
import * as proto from './index.ts';

type Rule =
  | { kind: 'fixed'; length: number; optional?: true }
  | { kind: 'bytes'; min: number; max: number; optional?: true }
  | { kind: 'quantity'; optional?: true }
  | { kind: 'integer'; min: bigint; max?: bigint }
  | { kind: 'number'; max: number }
  | { kind: 'text'; max: number }
  | { kind: 'list'; min: number; max: number }
  | { kind: 'message' }
  | { kind: 'free' };

const hash: Rule = { kind: 'fixed', length: 32 };
const address: Rule = { kind: 'fixed', length: 20 };
const optionalAddress: Rule = { kind: 'fixed', length: 20, optional: true };
const signature: Rule = { kind: 'fixed', length: 96 };
const quantity: Rule = { kind: 'quantity' };
const positive: Rule = { kind: 'integer', min: 1n };
const free: Rule = { kind: 'free' };
const list = (min: number, max: number): Rule => ({ kind: 'list', min, max });
const bytes = (min: number, max: number): Rule => ({ kind: 'bytes', min, max });
const prefixed = (prefix: string, rules: Record<string, Rule>): Record<string, Rule> =>
  Object.fromEntries(Object.entries(rules).map(([path, rule]) => [`${prefix}.${path}`, rule]));

const statement: Record<string, Rule> = {
  chainId: positive,
  namespace: { kind: 'text', max: 64 },
  firstHeight: positive,
  lastHeight: { kind: 'integer', min: 5n, max: 260n },
  lastPayloadHash: hash,
  commitments: list(1, 32),
  'commitments.1': { kind: 'fixed', length: 48 },
};
const receipt: Record<string, Rule> = {
  transactionHash: hash,
  type: { kind: 'number', max: 4 },
  status: free,
  cumulativeGasUsed: free,
  gasUsed: free,
  effectiveGasPrice: quantity,
  blobGasUsed: free,
  sender: address,
  recipient: optionalAddress,
  contractAddress: optionalAddress,
  logs: list(0, 44_739),
  'logs.0.address': address,
  'logs.0.topics': list(0, 4),
  'logs.0.topics.1': hash,
  'logs.0.data': bytes(0, limits.grpcMessageBytesMax),
  logsBloom: { kind: 'fixed', length: 256 },
};
const dropped: Record<string, Rule> = {
  dropped: list(0, 10_000),
  'dropped.1.payloadIndex': { kind: 'number', max: 9_999 },
  'dropped.1.hash': hash,
  'dropped.1.reason': { kind: 'text', max: 64 },
};

interface Conversion {
  name: string;
  wire: unknown;
  read: (message: never, field: string) => unknown;
  rules: Record<string, Rule>;
}
const conversions: Conversion[] = [
  {
    name: 'payload',
    wire: proto.payloadToWire(sample.payload),
    read: proto.payloadFromWire,
    rules: {
      chainId: positive,
      height: positive,
      epoch: positive,
      parentHash: hash,
      timestamp: free,
      baseFeePerGas: quantity,
      gasLimit: positive,
      feeRecipient: address,
      prevRandao: hash,
      deposits: list(0, 16),
      'deposits.0.index': free,
      'deposits.0.validatorIndex': free,
      'deposits.0.address': address,
      'deposits.0.amountGwei': free,
      transactions: list(0, 10_000),
      'transactions.1': bytes(1, 131_072),
    },
  },
  {
    name: 'batchStatement',
    wire: proto.batchStatementToWire(sample.statement),
    read: proto.batchStatementFromWire,
    rules: statement,
  },
  {
    name: 'certificate',
    wire: proto.certificateToWire(sample.certificate),
    read: proto.certificateFromWire,
    rules: { ...statement, signers: bytes(1, 16), signature },
  },
  {
    name: 'cells',
    wire: { cells: proto.cellsToWire(sample.cells) },
    read: ({ cells }: { cells: proto.daV1.Cell[] }, field) => proto.cellsFromWire(cells, `${field}.cells`),
    rules: {
      cells: list(0, 128),
      'cells.1.column': { kind: 'number', max: 127 },
      'cells.1.cell': { kind: 'fixed', length: 2_048 },
      'cells.1.proof': { kind: 'fixed', length: 48 },
    },
  },
  {
    name: 'attestation',
    wire: proto.attestationToWire(sample.attestation),
    read: proto.attestationFromWire,
    rules: {
      chainId: positive,
      height: positive,
      blockHash: hash,
      payloadHash: hash,
      commitmentsHash: hash,
      validatorIndex: { kind: 'number', max: 1_023 },
      signature,
    },
  },
  {
    name: 'finality',
    wire: proto.finalityToWire(sample.finality),
    read: proto.finalityFromWire,
    rules: {
      block: { kind: 'message' },
      'block.height': positive,
      'block.hash': hash,
      payloadHash: hash,
      commitmentsHash: hash,
      signers: bytes(1, 128),
      signature,
      signedStakeGwei: { kind: 'integer', min: 1n, max: 96n },
      totalStakeGwei: positive,
    },
  },
  { name: 'receipt', wire: proto.receiptToWire(sample.receipt), read: proto.receiptFromWire, rules: receipt },
  {
    name: 'block',
    wire: proto.blockToWire(sample.block),
    read: proto.blockFromWire,
    rules: {
      height: free,
      hash,
      payloadHash: hash,
      rlp: bytes(1, 2_098_176),
      receipts: list(0, 10_000),
      ...prefixed('receipts.0', receipt),
      ...dropped,
    },
  },
  {
    name: 'blockAnnouncement',
    wire: proto.blockAnnouncementToWire(sample.blockAnnouncement),
    read: proto.blockAnnouncementFromWire,
    rules: { height: free, hash, payloadHash: hash, header: bytes(1, 1_024), ...dropped },
  },
  {
    name: 'blockRef',
    wire: proto.blockRefToWire(sample.block),
    read: proto.blockRefFromWire,
    rules: { height: free, hash },
  },
  {
    name: 'message',
    wire: proto.messageToWire(sample.message),
    read: proto.messageFromWire,
    rules: {
      from: optionalAddress,
      to: optionalAddress,
      data: bytes(0, 131_072),
      value: quantity,
      gasLimit: { kind: 'integer', min: 0n, max: 50_000_000n },
      gasPrice: quantity,
      accessList: list(0, 1_000),
      'accessList.0.address': address,
      'accessList.0.storageKeys': list(0, 1_000),
      'accessList.0.storageKeys.0': hash,
      overrides: list(0, 100),
      'overrides.0.address': address,
      'overrides.0.balance': { kind: 'quantity', optional: true },
      'overrides.0.nonce': free,
      'overrides.0.code': { kind: 'bytes', min: 0, max: 24_576, optional: true },
      'overrides.0.slots': list(0, 1_000),
      'overrides.0.slots.0.slot': hash,
      'overrides.0.slots.0.value': hash,
    },
  },
  {
    name: 'account',
    wire: proto.accountToWire(sample.account),
    read: proto.accountFromWire,
    rules: { address, balance: quantity, nonce: free, codeHash: hash, storageRoot: hash },
  },
  {
    name: 'witness',
    wire: proto.witnessToWire(sample.witness),
    read: proto.witnessFromWire,
    rules: {
      state: bytes(1, 16_777_216),
      headers: list(1, 256),
      'headers.0': bytes(1, 1_024),
    },
  },
];

/** Values that break a rule, with what is wrong about each. */
function badValues(rule: Rule, good: unknown): [string, unknown][] {
  const missing: [string, unknown] = ['missing', undefined];
  switch (rule.kind) {
    case 'fixed': {
      const over: [string, unknown] = ['over-long', Buffer.alloc(rule.length + 1, 1)];
      const under: [string, unknown] = ['under-long', Buffer.alloc(rule.length - 1, 1)];
      return rule.optional ? [over, under] : [over, under, missing, ['empty', Buffer.alloc(0)]];
    }
    case 'bytes': {
      const over: [string, unknown][] = rule.max === Infinity ? [] : [['over-long', Buffer.alloc(rule.max + 1, 1)]];
      const under: [string, unknown][] = rule.min === 0 ? [] : [['under-long', Buffer.alloc(rule.min - 1)]];
      return [...over, ...under, ...(rule.optional ? [] : [missing])];
    }
    case 'quantity': {
      const bad: [string, unknown][] = [
        ['over-long', Buffer.alloc(33, 1)],
        ['with a leading zero', Buffer.from([0, 1])],
      ];
      return rule.optional ? bad : [...bad, missing];
    }
    case 'integer': {
      const over: [string, unknown][] = rule.max === undefined ? [] : [['too large', rule.max + 1n]];
      const under: [string, unknown][] = rule.min === 0n ? [] : [['too small', rule.min - 1n]];
      return [...over, ...under, missing];
    }
    case 'number':
      return [['too large', rule.max + 1], ['negative', -1], missing];
    case 'text':
      return [
        ['over-long', 'a'.repeat(rule.max + 1)],
        ['over-long in bytes', 'é'.repeat(rule.max)],
        ['empty', ''],
        missing,
      ];
    case 'list': {
      const item = (good as unknown[])[0];
      const over: [string, unknown][] =
        rule.max === Infinity ? [] : [['over-long', new Array<unknown>(rule.max + 1).fill(item)]];
      const under: [string, unknown][] = rule.min === 0 ? [] : [['under-long', []]];
      return [...over, ...under, missing];
    }
    case 'message':
      return [missing];
    case 'free':
      return [];
  }
}

const isLeaf = (value: unknown) => typeof value !== 'object' || value === null || value instanceof Uint8Array;

function valueAt(node: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], node);
}

/** A copy with the value at the path replaced. */
function withValue(node: unknown, [key, ...rest]: string[], value: unknown): unknown {
  if (key === undefined) return value;
  const copy = (Array.isArray(node) ? [...(node as unknown[])] : { ...(node as object) }) as Record<string, unknown>;
  copy[key] = withValue(copy[key], rest, value);
  return copy;
}

/** Paths of all fields; of a list its last item stands for all, since items are alike. */
function pathsOf(node: unknown, path: string[] = []): string[] {
  if (isLeaf(node)) return [path.join('.')];
  const entries = Array.isArray(node)
    ? [[String(node.length - 1), node.at(-1) as unknown] as const]
    : Object.entries(node as object);
  const own = Array.isArray(node) ? [path.join('.')] : [];
  return [...own, ...entries.flatMap(([key, value]) => pathsOf(value, [...path, key]))];
}

function refusedField(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ChainError && error.detail.code === 'INVALID_ARGUMENT') return error.detail.field;
    throw error;
  }
  return 'nothing was refused';
}

describe.each(conversions)('$name', ({ wire, read, rules }) => {
  const cases = Object.entries(rules).flatMap(([path, rule]) =>
    badValues(rule, valueAt(wire, path)).map(([what, value]) => ({ path, what, value })),
  );

  test('the good message is taken and a missing one refused', () => {
    expect(() => read(wire as never, 'request.it')).not.toThrow();
    if (!('cells' in (wire as object))) {
      expect(refusedField(() => read(undefined as never, 'request.it'))).toBe('request.it');
    }
  });

  test('no field is left out of the table', () => {
    expect(pathsOf(wire).filter((path) => !(path in rules))).toEqual([]);
  });

  test.each(cases)('$path $what', ({ path, value }) => {
    const bad = withValue(wire, path.split('.'), value);
    expect(refusedField(() => read(bad as never, 'request.it'))).toBe(`request.it.${path}`);
  });
});

describe('rules over more than one field', () => {
  const refused = (run: () => unknown) => refusedField(run);

  test('order, repetition and totals', () => {
    const [first, second] = proto.cellsToWire(sample.cells);
    expect(refused(() => proto.cellsFromWire([second!, first!], 'cells'))).toBe('cells.1.column');
    expect(refused(() => proto.cellsFromWire([first!, first!], 'cells'))).toBe('cells.1.column');
    expect(refused(() => proto.columnsFromWire([5, 3, 5], { min: 1 }, 'columns'))).toBe('columns.2');
    expect(refused(() => proto.columnsFromWire([], { min: 1 }, 'columns'))).toBe('columns');
    expect(proto.columnsFromWire([5, 3], { min: 1 }, 'columns')).toEqual([5, 3]);
    const [one, two] = proto.droppedToWire(sample.block.dropped);
    expect(refused(() => proto.droppedFromWire([two!, one!], 'dropped'))).toBe('dropped.1.payloadIndex');
    const large = Array.from({ length: 17 }, () => Buffer.alloc(131_072));
    expect(refused(() => proto.transactionsFromWire(large, 500, 'transactions'))).toBe('transactions');
    expect(refused(() => proto.transactionsFromWire([], 500, 'transactions', 1))).toBe('transactions');
  });

  test('bitmaps have one form', () => {
    expect(proto.signersToWire([0, 9])).toEqual(Buffer.from([1, 2]));
    expect(proto.signersFromWire(Buffer.from([1, 2]), 16, 'signers')).toEqual([0, 9]);
    expect(refused(() => proto.signersFromWire(Buffer.from([1, 0]), 16, 'signers'))).toBe('signers');
    expect(refused(() => proto.signersFromWire(Buffer.from([1, 0, 1]), 16, 'signers'))).toBe('signers');
  });

  test('namespaces are of a small alphabet', () => {
    for (const namespace of ['', 'Payloads', 'a b', 'a/b', 'é']) {
      expect(refused(() => proto.namespaceFromWire(namespace, 'namespace'))).toBe('namespace');
    }
  });

  test('block selectors', () => {
    const read = (selector: proto.executionV1.BlockSelector['selector']) =>
      proto.blockSelectorFromWire({ selector }, 'block');
    expect(proto.blockSelectorFromWire(undefined, 'block')).toEqual({ kind: 'head' });
    expect(read(undefined)).toEqual({ kind: 'head' });
    expect(refused(() => read({ $case: 'hash', value: Buffer.alloc(31) }))).toBe('block.hash');
    expect(refused(() => read({ $case: 'height', value: 2n ** 64n }))).toBe('block.height');
  });
});
