import { ChainError } from '@sheaf/primitives';
import { parseChainSpec, type ChainSpec } from '@sheaf/protocol';
import { readFileSync } from 'node:fs';

/** The chain's specification. @throws ChainError `INVALID_ARGUMENT` with one sentence when the file is missing or wrong */
export function readChainSpec(file: string): ChainSpec {
  const text = readText(file, 'SHEAF_CHAIN_SPEC');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw invalid('SHEAF_CHAIN_SPEC', `${file} is not JSON`, cause);
  }
  return parseChainSpec(json);
}

/** A file's text. @throws ChainError `INVALID_ARGUMENT` naming the setting and the file */
export function readText(file: string, setting: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw invalid(setting, `${file} cannot be read`, cause);
  }
}

function invalid(field: string, fault: string, cause: unknown): ChainError {
  return new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field}: ${fault}` }, { cause });
}
