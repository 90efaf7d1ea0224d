// Goal: a specification and a key that a service can rely on, or one sentence that names the setting and the file.
// Method: the development chain in a temporary folder, whole and then with one fault at a time.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex, isChainError } from '@sheaf/primitives';
import { devChainSpec } from '@sheaf/testing';
import { readChainSpec, readMemberKeys, readText, requireCommitteeAddresses } from './chain-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'sheaf-chain-files-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { spec, json, validatorKeys } = devChainSpec();
const write = (name: string, text: string) => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

function refusal(run: () => unknown) {
  try {
    run();
  } catch (error) {
    if (isChainError(error, 'INVALID_ARGUMENT')) return error;
    throw error;
  }
  throw new Error('not refused');
}

test('reads a specification', () => {
  expect(readChainSpec(write('chain.json', JSON.stringify(json)))).toEqual(spec);
});

const swapped = {
  ...(json as object),
  validators: (json as { validators: { proofOfPossession: string }[] }).validators.map((one, index, all) => ({
    ...one,
    proofOfPossession: all[(index + 1) % all.length]!.proofOfPossession,
  })),
};

test.each([
  ['not JSON', '{', 'is not JSON'],
  [
    'two faults',
    JSON.stringify({ ...(json as object), chainId: '0', fork: 'none' }),
    'is not usable: chainSpec.chainId',
  ],
  ['keys without proof', JSON.stringify(swapped), 'is not usable: chainSpec.validators.0.proofOfPossession: does not'],
])('refuses a specification: %s', (_what, text, words) => {
  const file = write('wrong.json', text);
  const error = refusal(() => readChainSpec(file));
  expect(error.detail).toMatchObject({ field: 'SHEAF_CHAIN_SPEC' });
  expect(error.message).toContain(`SHEAF_CHAIN_SPEC ${file} ${words}`);
  expect(error.message).not.toContain('\n');
  expect(error.cause).toBeInstanceOf(Error);
});

test('names the setting of a file that is missing, and keeps the cause', () => {
  const error = refusal(() => readText(join(folder, 'missing'), 'SHEAF_X'));
  expect(error.message).toBe(`SHEAF_X ${join(folder, 'missing')} cannot be read`);
  expect(error.cause).toMatchObject({ code: 'ENOENT' });
});

const member = (index: number, keyText: string) => ({
  index,
  indexSetting: 'SHEAF_VALIDATOR_INDEX',
  kind: 'validator',
  keyFile: write('key', keyText),
});

test.each(['', '0x'])('reads the key of a member, prefix "%s"', (prefix) => {
  const digits = bytesToHex(validatorKeys[1]!).slice(2);
  expect(readMemberKeys(member(1, `${prefix}${digits}\n`), spec.validators)).toEqual({
    publicKey: spec.validators[1]!.publicKey,
    secretKey: validatorKeys[1],
  });
});

test.each<[string, () => ReturnType<typeof member>, string, string]>([
  ['outside the set', () => member(3, ''), 'SHEAF_VALIDATOR_INDEX', 'must be below 3, for the chain spec has so many'],
  ['no hex', () => member(0, 'key'), 'SHEAF_BLS_KEY_FILE', 'must hold 32 bytes of hex'],
  [
    "another's key",
    () => member(0, bytesToHex(validatorKeys[1]!)),
    'SHEAF_BLS_KEY_FILE',
    'holds another key than the chain spec has for validator 0',
  ],
])('refuses a member: %s', (_what, options, field, words) => {
  const error = refusal(() => readMemberKeys(options(), spec.validators));
  expect(error.detail).toMatchObject({ field });
  expect(error.message).toContain(words);
});

test('wants one address for every node of the committee', () => {
  expect(() => requireCommitteeAddresses(spec, ['a:1', 'b:1'])).not.toThrow();
  expect(refusal(() => requireCommitteeAddresses(spec, ['a:1'])).message).toBe(
    'SHEAF_DA_ADDRESSES must name 2 nodes, as the chain spec does, got 1',
  );
});
