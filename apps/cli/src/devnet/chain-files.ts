import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesToHex } from '@sheaf/primitives';
import { formatChainSpec } from '@sheaf/protocol';
import { devChainSpec } from '@sheaf/testing';
import { CliError } from '../errors.ts';

/**
 * Writes the development chain's specification and keys, or finds them as an earlier start wrote them.
 * @throws CliError when the directory belongs to a chain with another specification
 */
export function writeChainFiles(paths: { chainSpec: string; keys: string }): ReturnType<typeof devChainSpec> {
  const chain = devChainSpec();
  const text = `${JSON.stringify(formatChainSpec(chain.spec), null, 2)}\n`;
  if (!existsSync(paths.chainSpec)) writeFileSync(paths.chainSpec, text);
  else if (readFileSync(paths.chainSpec, 'utf8') !== text) {
    throw new CliError(
      `${paths.chainSpec} is the specification of another chain; start with --fresh to replace its data, or choose another --data-dir`,
    );
  }
  mkdirSync(paths.keys, { recursive: true, mode: 0o700 });
  chain.daKeys.forEach((key, index) => writeKey(paths.keys, `da-${index}`, key));
  chain.validatorKeys.forEach((key, index) => writeKey(paths.keys, `validator-${index}`, key));
  return chain;
}

/** Where a key lies. */
export function keyFile(keys: string, name: string): string {
  return join(keys, `${name}.key`);
}

function writeKey(keys: string, name: string, key: Uint8Array): void {
  const file = keyFile(keys, name);
  writeFileSync(file, `${bytesToHex(key)}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
}
