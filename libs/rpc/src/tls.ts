import { ChainError } from '@sheaf/primitives';
import { readFileSync } from 'node:fs';

/** PEM files of mutual TLS: the authority of both sides, this side's certificate and its key. */
export interface TlsFiles {
  caFile: string;
  certFile: string;
  keyFile: string;
}

interface TlsConfig {
  tlsCaFile?: string | undefined;
  tlsCertFile?: string | undefined;
  tlsKeyFile?: string | undefined;
}

/**
 * The files of a configuration; undefined when none is set (plain text).
 * @throws ChainError `INVALID_ARGUMENT` when only some are set: half of mTLS would be no protection
 */
export function tlsFiles(config: TlsConfig): TlsFiles | undefined {
  const { tlsCaFile: caFile, tlsCertFile: certFile, tlsKeyFile: keyFile } = config;
  if (caFile !== undefined && certFile !== undefined && keyFile !== undefined) return { caFile, certFile, keyFile };
  if (caFile === undefined && certFile === undefined && keyFile === undefined) return undefined;
  throw new ChainError({
    code: 'INVALID_ARGUMENT',
    field: 'SHEAF_TLS_CA_FILE,SHEAF_TLS_CERT_FILE,SHEAF_TLS_KEY_FILE',
    message: 'SHEAF_TLS_CA_FILE, SHEAF_TLS_CERT_FILE and SHEAF_TLS_KEY_FILE must be set together or not at all',
  });
}

/** Their content. @throws ChainError `INVALID_ARGUMENT` naming a file that cannot be read */
export function readTlsFiles(files: TlsFiles): { ca: Buffer; cert: Buffer; key: Buffer } {
  return { ca: readPem(files.caFile), cert: readPem(files.certFile), key: readPem(files.keyFile) };
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ChainError(
      { code: 'INVALID_ARGUMENT', field: file, message: `the TLS file ${file} cannot be read` },
      { cause },
    );
  }
}
