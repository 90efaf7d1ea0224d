import { ChainError, isChainError } from '@sheaf/primitives';
import { parseChainSpec, type ChainSpec } from '@sheaf/protocol';
import { readFileSync } from 'node:fs';

/** @throws ChainError `UNAVAILABLE` or `INVALID_ARGUMENT` naming the file */
export function readChainSpec(file: string): ChainSpec {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ChainError({ code: 'UNAVAILABLE', message: `the chain spec ${file} cannot be read` }, { cause });
  }
  try {
    return parseChainSpec(JSON.parse(text));
  } catch (cause) {
    const what = isChainError(cause) ? cause.message : 'it is not JSON';
    throw new ChainError(
      { code: 'INVALID_ARGUMENT', field: 'SHEAF_CHAIN_SPEC', message: `the chain spec ${file} is not usable: ${what}` },
      { cause },
    );
  }
}
