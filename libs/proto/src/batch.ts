import { limits, toHeight } from '@sheaf/primitives';
import { columnsTotal, decodeBitmap, encodeBitmap, type BatchStatement, type Certificate } from '@sheaf/protocol';
import type * as commonV1 from './generated/sheaf/common/v1/common.ts';
import type * as daV1 from './generated/sheaf/da/v1/da.ts';
import { hexToBuffer, refuse, toBuffer, wire } from './wire.ts';

const uint64Max = 2n ** 64n - 1n;

export function batchStatementToWire(statement: BatchStatement): daV1.BatchStatement {
  return {
    chainId: statement.chainId,
    namespace: statement.namespace,
    firstHeight: statement.firstHeight,
    lastHeight: statement.lastHeight,
    lastPayloadHash: hexToBuffer(statement.lastPayloadHash),
    commitments: statement.commitments.map(toBuffer),
  };
}

/** @throws ChainError `INVALID_ARGUMENT` naming the field below `field` */
export function batchStatementFromWire(message: daV1.BatchStatement | undefined, field: string): BatchStatement {
  const statement = wire.required(message, field);
  const first = wire.integer(statement.firstHeight, { min: 1n, max: uint64Max }, `${field}.firstHeight`);
  const span = BigInt(limits.batchPayloadsMax - 1);
  const last = wire.integer(statement.lastHeight, { min: first, max: first + span }, `${field}.lastHeight`);
  const commitments = wire.list(statement.commitments, { min: 1, max: limits.batchBlobsMax }, `${field}.commitments`);
  return {
    chainId: wire.integer(statement.chainId, { min: 1n, max: uint64Max }, `${field}.chainId`),
    namespace: namespaceFromWire(statement.namespace, `${field}.namespace`),
    firstHeight: toHeight(first, `${field}.firstHeight`),
    lastHeight: toHeight(last, `${field}.lastHeight`),
    lastPayloadHash: wire.hash(statement.lastPayloadHash, `${field}.lastPayloadHash`),
    commitments: commitments.map((commitment, index) =>
      wire.bytes(commitment, { length: 48 }, `${field}.commitments.${index}`),
    ),
  };
}

/** 1 to 64 of [a-z0-9-]. @throws ChainError `INVALID_ARGUMENT` naming `field` */
export function namespaceFromWire(value: string | undefined, field: string): string {
  const namespace = wire.text(value, 64, field);
  if (!/^[a-z0-9-]+$/.test(namespace)) refuse(field, 'must be 1 to 64 of [a-z0-9-]');
  return namespace;
}

export function certificateToWire(certificate: Certificate): commonV1.Certificate {
  return {
    ...batchStatementToWire(certificate.statement),
    signers: signersToWire(certificate.signers),
    signature: toBuffer(certificate.signature),
  };
}

/** @throws ChainError `INVALID_ARGUMENT` naming the field below `field` */
export function certificateFromWire(message: commonV1.Certificate | undefined, field: string): Certificate {
  const certificate = wire.required(message, field);
  return {
    statement: batchStatementFromWire(certificate, field),
    signers: signersFromWire(certificate.signers, limits.daNodesMax, `${field}.signers`),
    signature: wire.bytes(certificate.signature, { length: 96 }, `${field}.signature`),
  };
}

/** The bitmap up to its last set bit: the same whatever the size of the set. */
export function signersToWire(signers: number[]): Buffer {
  return toBuffer(encodeBitmap(signers, (signers.at(-1) ?? -1) + 1));
}

/**
 * Indexes below `size`, rising, at least one.
 * @throws ChainError `INVALID_ARGUMENT` naming `field`, also for a zero byte at the end
 */
export function signersFromWire(value: Uint8Array | undefined, size: number, field: string): number[] {
  const bitmap = wire.bytes(value, { min: 1, max: Math.ceil(size / 8) }, field);
  if (bitmap.at(-1) === 0) refuse(field, 'must not end with a zero byte');
  return decodeBitmap(bitmap, bitmap.length * 8, field);
}

/** One EIP-7594 cell. */
export interface Cell {
  /** 0 to 127. */
  column: number;
  /** 2,048 bytes. */
  cell: Uint8Array;
  /** 48 bytes. */
  proof: Uint8Array;
}

/** Cells of one blob, by rising column. */
export function cellsToWire(cells: Cell[]): daV1.Cell[] {
  return cells.map(({ column, cell, proof }) => ({ column, cell: toBuffer(cell), proof: toBuffer(proof) }));
}

/** At most 128 cells by rising column. @throws ChainError `INVALID_ARGUMENT` naming the field below `field` */
export function cellsFromWire(messages: readonly daV1.Cell[] | undefined, field: string): Cell[] {
  const cells = wire.list(messages, { max: limits.cellsPerRequestMax }, field);
  const columns = columnsFromWire(
    cells.map((cell) => cell.column),
    { min: 0, rising: true, name: (index) => `${field}.${index}.column` },
    field,
  );
  return cells.map((cell, index) => ({
    column: columns[index]!,
    cell: wire.bytes(cell.cell, { length: 2_048 }, `${field}.${index}.cell`),
    proof: wire.bytes(cell.proof, { length: 48 }, `${field}.${index}.proof`),
  }));
}

/**
 * Different columns, 0 to 127, `min` to 128 of them, in the order given.
 * @throws ChainError `INVALID_ARGUMENT` naming the field
 */
export function columnsFromWire(
  value: readonly number[] | undefined,
  options: { min: number; rising?: boolean; name?: (index: number) => string },
  field: string,
): number[] {
  const { min, rising = false, name = (index) => `${field}.${index}` } = options;
  const columns = wire.list(value, { min, max: limits.cellsPerRequestMax }, field);
  const seen = new Set<number>();
  return columns.map((column, index) => {
    wire.integer(column, { min: 0, max: columnsTotal - 1 }, name(index));
    if (rising && index > 0 && column <= columns[index - 1]!) refuse(name(index), 'must rise');
    if (seen.has(column)) refuse(name(index), 'must not come twice');
    seen.add(column);
    return column;
  });
}
