// Goal: the effects say what of an account a transaction's course came from: exact balance, nonce, emptiness; and what only
// adds or touches says nothing.
// Method: a small code for each way to look, on both engines; all flags of all accounts. `observed.prop.test.ts` does it
// with random programs.
import { concatBytes, toAddress, type Address } from '@sheaf/primitives';
import { createEvm } from '../src/evm.ts';
import type { EngineMode, Evm, TransactionEffects } from '../src/ports.ts';
import { contracts, nobody, sender } from './programs/addresses.ts';
import { Assembler } from './programs/assembler.ts';
import { createAddress } from './programs/create-address.ts';
import { runHere } from './support/compare.ts';
import { prepare } from './support/engine.ts';
import type { Scenario } from './support/scenario.ts';
import { account, single, type Single } from './support/single.ts';
import { worldHost } from './support/world-host.ts';

type Observed = Record<Address, string>;

const [self, other, third] = contracts as [Address, Address, Address];
const asm = (): Assembler => new Assembler();
const none = new Uint8Array(0);

/** By account, of which something was looked at: what. */
function observed({ accounts }: TransactionEffects): Observed {
  const found: Observed = {};
  for (const { address, balanceRead, nonceRead, emptinessRead } of accounts) {
    const words = [balanceRead ? ['balance'] : [], nonceRead ? ['nonce'] : [], emptinessRead ? ['emptiness'] : []];
    if (words.some(({ length }) => length > 0)) found[toAddress(address)] = words.flat().join(' ');
  }
  return found;
}

const of = (name: string, address: Address): Uint8Array => asm().push(BigInt(address)).op(name).op('POP').bytes();

function calling(
  name: 'CALL' | 'CALLCODE' | 'DELEGATECALL' | 'STATICCALL',
  address: Address,
  value?: bigint,
): Uint8Array {
  const code = asm().push(0n).push(0n).push(0n).push(0n);
  if (value !== undefined) code.push(value);
  return code.push(BigInt(address)).op('GAS').op(name).op('POP').bytes();
}

const creating = (value: bigint): Uint8Array => asm().push(0n).push(0n).push(value).op('CREATE').op('POP').bytes();
const creatingSalted = (value: bigint): Uint8Array =>
  asm().push(5n).push(0n).push(0n).push(value).op('CREATE2').op('POP').bytes();
const destroying = (heir: Address): Uint8Array => asm().push(BigInt(heir)).op('SELFDESTRUCT').bytes();
const reverting = asm().push(0n).push(0n).op('REVERT').bytes();
const halting = Uint8Array.of(0xfe);

/** Where the first contract (nonce 1) creates. */
const created = createAddress(self, { salt: undefined, initCode: none }, 1n);
const createdSalted = createAddress(self, { salt: 5n, initCode: none }, 1n);
/** Where the sender (nonce 7) creates. */
const createdBySender = createAddress(sender, { salt: undefined, initCode: none }, 7n);

const looksAtAll = concatBytes(of('BALANCE', third), of('EXTCODEHASH', nobody), creating(0n));
const createdByOther = createAddress(other, { salt: undefined, initCode: none }, 1n);
const seenByOther: Observed = {
  [third]: 'balance',
  [nobody]: 'emptiness',
  [other]: 'nonce',
  [createdByOther]: 'nonce',
};
const seenBySelf: Observed = { [third]: 'balance', [nobody]: 'emptiness', [self]: 'nonce', [created]: 'nonce' };

interface Case extends Single {
  code: Uint8Array;
  /** The first contract's; by default 100. */
  balance?: bigint;
  /** More accounts, in the place of what is there. */
  accounts?: Scenario['world'];
  sees: Observed;
}

const cases: Record<string, Case> = {
  'nothing at all': { code: none, sees: {} },
  'a message with value': { code: none, value: 3n, sees: { [sender]: 'balance' } },
  'a message with more value than there is': { code: none, value: 10n ** 20n, sees: { [sender]: 'balance' } },
  BALANCE: { code: of('BALANCE', other), sees: { [other]: 'balance' } },
  'BALANCE of no account': { code: of('BALANCE', nobody), sees: { [nobody]: 'balance' } },
  'BALANCE without the gas for it': { code: of('BALANCE', other), gas: 2_000n, sees: {} },
  SELFBALANCE: { code: asm().op('SELFBALANCE').bytes(), sees: { [self]: 'balance' } },
  EXTCODEHASH: { code: of('EXTCODEHASH', other), sees: { [other]: 'emptiness' } },
  'EXTCODEHASH of no account': { code: of('EXTCODEHASH', nobody), sees: { [nobody]: 'emptiness' } },
  EXTCODESIZE: { code: of('EXTCODESIZE', other), sees: {} },
  EXTCODECOPY: { code: asm().push(9n).push(0n).push(0n).push(BigInt(other)).op('EXTCODECOPY').bytes(), sees: {} },
  'storage and logs': {
    code: asm().push(1n).push(1n).op('SSTORE').push(0n).push(0n).op('LOG0').bytes(),
    sees: {},
  },
  CALL: { code: calling('CALL', other, 0n), sees: {} },
  'CALL of no account': { code: calling('CALL', nobody, 0n), sees: {} },
  'CALL with value': { code: calling('CALL', other, 1n), sees: { [self]: 'balance', [other]: 'emptiness' } },
  'CALL with value of no account': {
    code: calling('CALL', nobody, 1n),
    sees: { [self]: 'balance', [nobody]: 'emptiness' },
  },
  'CALL with more value than there is': {
    code: calling('CALL', other, 101n),
    sees: { [self]: 'balance', [other]: 'emptiness' },
  },
  'CALL with value of itself': { code: calling('CALL', self, 1n), gas: 20_000n, sees: { [self]: 'balance emptiness' } },
  'CALL with value without the gas for that': { code: calling('CALL', other, 1n), gas: 9_000n, sees: {} },
  CALLCODE: { code: calling('CALLCODE', other, 0n), sees: {} },
  'CALLCODE with value': { code: calling('CALLCODE', other, 1n), sees: { [self]: 'balance' } },
  DELEGATECALL: { code: calling('DELEGATECALL', other), sees: {} },
  'DELEGATECALL of a message with value': {
    code: calling('DELEGATECALL', other),
    value: 3n,
    sees: { [sender]: 'balance' },
  },
  'DELEGATECALL of what looks': {
    code: calling('DELEGATECALL', other),
    others: [looksAtAll],
    sees: seenBySelf,
  },
  STATICCALL: { code: calling('STATICCALL', other), sees: {} },
  'STATICCALL of what looks and must not create': {
    code: calling('STATICCALL', other),
    others: [looksAtAll],
    sees: { [third]: 'balance', [nobody]: 'emptiness' },
  },
  CREATE: { code: creating(0n), sees: { [self]: 'nonce', [created]: 'nonce' } },
  'CREATE with value': { code: creating(1n), sees: { [self]: 'balance nonce', [created]: 'nonce' } },
  'CREATE with more value than there is': { code: creating(101n), sees: { [self]: 'balance' } },
  'CREATE where something is': {
    code: creating(0n),
    accounts: new Map([[created, account(none)]]),
    sees: { [self]: 'nonce', [created]: 'nonce' },
  },
  'CREATE where only a balance is': {
    code: creating(1n),
    accounts: new Map([[created, { ...account(none), nonce: 0n }]]),
    sees: { [self]: 'balance nonce', [created]: 'nonce' },
  },
  'CREATE with the last nonce': {
    code: creating(0n),
    accounts: new Map([[self, { ...account(creating(0n)), nonce: 2n ** 64n - 1n }]]),
    sees: { [self]: 'nonce' },
  },
  CREATE2: { code: creatingSalted(0n), sees: { [self]: 'nonce', [createdSalted]: 'nonce' } },
  'CREATE2 with value': {
    code: creatingSalted(1n),
    sees: { [self]: 'balance nonce', [createdSalted]: 'nonce' },
  },
  'a creation': { code: none, creates: true, sees: { [createdBySender]: 'nonce' } },
  'a creation with value': {
    code: none,
    creates: true,
    value: 3n,
    sees: { [sender]: 'balance', [createdBySender]: 'nonce' },
  },
  'a creation that looks at itself': {
    code: asm().op('SELFBALANCE').bytes(),
    creates: true,
    sees: { [createdBySender]: 'balance nonce' },
  },
  'a creation that destroys itself': {
    code: destroying(other),
    creates: true,
    sees: { [createdBySender]: 'balance nonce' },
  },
  SELFDESTRUCT: { code: destroying(other), sees: { [self]: 'balance', [other]: 'emptiness' } },
  'SELFDESTRUCT to no account': { code: destroying(nobody), sees: { [self]: 'balance', [nobody]: 'emptiness' } },
  'SELFDESTRUCT with nothing to leave': { code: destroying(other), balance: 0n, sees: { [self]: 'balance' } },
  'SELFDESTRUCT to itself': { code: destroying(self), sees: { [self]: 'balance emptiness' } },
  'SELFDESTRUCT without the gas for a new account': {
    code: destroying(nobody),
    gas: 20_000n,
    sees: { [self]: 'balance', [nobody]: 'emptiness' },
  },
  'SELFDESTRUCT in a static call': {
    code: calling('STATICCALL', other),
    others: [destroying(third)],
    sees: {},
  },
  'what a call looked at that reverts': {
    code: calling('CALL', other, 0n),
    others: [concatBytes(looksAtAll, reverting)],
    sees: seenByOther,
  },
  'what a call looked at that halts': {
    code: calling('CALL', other, 0n),
    others: [concatBytes(looksAtAll, halting)],
    sees: seenByOther,
  },
  'what a message looked at that reverts': { code: concatBytes(looksAtAll, reverting), sees: seenBySelf },
  'what a call destroyed that is reverted': {
    code: concatBytes(calling('CALL', other, 0n), reverting),
    others: [destroying(third)],
    sees: { [other]: 'balance', [third]: 'emptiness' },
  },
  'value that went to and fro, all reverted': {
    code: concatBytes(calling('CALL', other, 1n), halting),
    others: [calling('CALL', third, 2n)],
    sees: { [self]: 'balance', [other]: 'balance emptiness', [third]: 'emptiness' },
  },
};

describe.each<EngineMode>(['interpreter', 'compiler'])('%s', (mode) => {
  test.each(Object.entries(cases))('%s', (_name, { code, balance = 100n, accounts = new Map(), sees, ...options }) => {
    const scenario = single(code, { others: [none, none], ...options });
    const world = new Map(scenario.world);
    if (options.creates !== true) world.set(self, account(code, balance));
    for (const [address, given] of accounts) world.set(address, given);
    expect(observed(runHere({ ...scenario, world }, mode).effects)).toEqual(sees);
  });

  test('too deep for a call looks at nothing', () => {
    // Calls itself to the bottom, where the call is refused, and then a creation with value is.
    const depth = asm().push(0n).push(0n).push(0n).push(0n).push(0n).op('ADDRESS').op('GAS').op('CALL');
    const end = depth.label();
    const code = depth.pushLabel(end).op('JUMPI').raw(creating(1n)).land(end).bytes();
    expect(observed(runHere(single(code, { gas: 2n ** 60n }), mode).effects)).toEqual({});
  });
});

describe('from JavaScript', () => {
  const scenario = single(calling('CALL', other, 0n), { others: [concatBytes(of('BALANCE', third), reverting)] });
  const evm = createEvm({ fork: 'osaka', chainId: 1n, mode: 'interpreter' });
  const begin = (): Evm => {
    evm.begin(worldHost(scenario.world), scenario.block, scenario.transaction);
    return evm;
  };
  const seen = (): Observed => observed(evm.finish());

  test('a look at an account is one at its balance and its nonce, and stays when what came after it is undone', () => {
    begin().account(self);
    expect(seen()).toEqual({ [self]: 'balance nonce' });
    const before = begin().checkpoint();
    evm.addBalance(other, 1n);
    evm.account(other);
    evm.setNonce(other, 9n);
    evm.revert(before);
    expect(seen()).toEqual({ [other]: 'balance nonce' });
    begin();
    expect(evm.finish().accounts).toEqual([]);
  });

  test('giving looks at nothing, taking at the balance', () => {
    begin().addBalance(self, 5n);
    evm.addBalance(other, 0n);
    evm.addBalance(nobody, 5n);
    evm.setNonce(third, 3n);
    evm.code(other);
    expect(seen()).toEqual({});
    evm.addBalance(self, -5n);
    expect(seen()).toEqual({ [self]: 'balance' });
  });

  test('an account is loaded from the first use of its state on, whatever is reverted', () => {
    prepare(begin(), scenario, worldHost(scenario.world));
    for (const address of [self, other, third, nobody]) {
      evm.warmAddress(address);
      expect(evm.isLoaded(address)).toBe(false);
    }
    expect(evm.isLoaded(sender)).toBe(true);
    expect(evm.run(scenario.message).status).toBe('success');
    for (const address of [self, other, third]) expect(evm.isLoaded(address)).toBe(true);
    expect(evm.isLoaded(nobody)).toBe(false);
    evm.addBalance(nobody, 0n);
    expect(evm.isLoaded(nobody)).toBe(true);
    expect(begin().isLoaded(self)).toBe(false);
    expect(evm.finish().accounts).toEqual([]);
  });
});
