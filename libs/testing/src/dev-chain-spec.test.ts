// Goal: the devnet's specification is valid, deterministic and funds the accounts that wallets derive from the usual mnemonic.
// Method: the parser of specifications and addresses that other tools print as oracles.
import { parseChainSpec, verifyChainSpecKeys } from '@sheaf/protocol';
import { toAddress } from '@sheaf/primitives';
import { devChainSpec } from './dev-chain-spec.ts';

test('it parses back, proves its keys, and is the same every time', () => {
  const { spec, json } = devChainSpec();
  expect(parseChainSpec(JSON.parse(JSON.stringify(json)))).toEqual(spec);
  verifyChainSpecKeys(spec);
  expect(devChainSpec().json).toEqual(json);
  expect(spec.chainId).toBe(74_323n);
  expect([spec.validators.length, spec.da.nodes.length]).toEqual([3, 2]);
});

test('the accounts are those that Hardhat and Anvil print', () => {
  const { accounts, spec } = devChainSpec();
  expect(accounts).toHaveLength(10);
  expect(accounts[0]!.address).toBe(toAddress('0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266'));
  expect(accounts[9]!.address).toBe(toAddress('0xa0Ee7A142d267C1f36714E4a8F75612F20a79720'));
  expect(Buffer.from(accounts[0]!.privateKey).toString('hex')).toBe(
    'ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  );
  for (const { address } of accounts) expect(spec.genesis.alloc.get(address)?.balance).toBe(10_000n * 10n ** 18n);
});

test('options replace the chain id and add accounts', () => {
  const extra = toAddress(`0x${'11'.repeat(20)}`);
  const account = { balance: 5n, nonce: 1n, code: Uint8Array.of(0), storage: new Map() };
  const { spec } = devChainSpec({ chainId: 7n, alloc: new Map([[extra, account]]) });
  expect(spec.chainId).toBe(7n);
  expect(spec.genesis.alloc.get(extra)).toEqual(account);
  expect(spec.genesis.alloc.size).toBe(11);
});
