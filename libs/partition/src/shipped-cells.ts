// Cells as members send them to each other: what was before the block, when the sender knows it, and the versions that the
// sender's own runs of earlier rounds left.
import type { HostAccount } from '@sheaf/evm';
import type { ByteMap } from '@sheaf/state';
import type { ByteReader, ByteWriter } from './bytes.ts';
import { slotCell, type AccountCell, type Sharing, type SlotCell, type VersionedMemory } from './memory.ts';
import { insert, type Version } from './versions.ts';

/** Which parts of an account's cell go. */
export interface CellParts {
  cell: AccountCell;
  account: boolean;
  slots: { slot: Uint8Array; cell: SlotCell }[];
}

interface PickedParts extends CellParts {
  /** Those of `slots`, once they are many. */
  known: Set<SlotCell> | undefined;
}

const fewSlots = 8;

/** Picks parts of cells, each once. */
export class PartsPicker {
  readonly #parts = new Map<AccountCell, PickedParts>();

  account(cell: AccountCell): void {
    this.#of(cell).account = true;
  }

  slot(cell: AccountCell, slot: Uint8Array, part: SlotCell): void {
    const parts = this.#of(cell);
    if (parts.slots.length === fewSlots) parts.known ??= new Set(parts.slots.map((each) => each.cell));
    if (parts.known?.has(part) ?? parts.slots.some((each) => each.cell === part)) return;
    parts.known?.add(part);
    parts.slots.push({ slot, cell: part });
  }

  all(): CellParts[] {
    return [...this.#parts.values()];
  }

  #of(cell: AccountCell) {
    let parts = this.#parts.get(cell);
    if (parts === undefined) this.#parts.set(cell, (parts = { cell, account: false, slots: [], known: undefined }));
    return parts;
  }
}

/**
 * `round`: versions of the sender's runs in earlier rounds go. Of what `member`, the sender, owns it goes with what its runs did with
 * it, and counts as given.
 */
export function writeCells(writer: ByteWriter, parts: readonly CellParts[], round: number, member: number): void {
  const give = (owned: boolean, sharing: Sharing) => {
    if (owned) sharing.given = true;
    writer.byte(owned ? sharing.touched : 0);
  };
  const goes = ({ round: made }: Version) => made > 0 && made < round;
  writer.number(parts.length);
  for (const { cell, account, slots } of parts) {
    writer.fixed(cell.address);
    writer.byte((account ? 1 : 0) | (cell.base === undefined ? 0 : cell.base === null ? 2 : 4));
    if (cell.base !== undefined && cell.base !== null) writeBase(writer, cell.base);
    const owned = cell.owner === member;
    give(owned, cell);
    if (account) {
      writeVersions(writer, cell.codes.filter(goes), ({ codeHash, code, wipes }) => {
        writer.byte((wipes ? 1 : 0) | (code === undefined ? 0 : 2));
        writer.fixed(codeHash);
        if (code !== undefined) writer.bytes(code);
      });
      writeVersions(writer, cell.nonces.filter(goes), ({ nonce }) => writer.natural(nonce));
      writeVersions(writer, cell.credits.list().filter(goes), ({ delta }) => writer.integer(delta));
    }
    writer.number(slots.length);
    for (const { slot, cell: part } of slots) {
      writer.fixed(slot);
      writer.byte(part.base === undefined ? 0 : part.base === null ? 1 : 2);
      if (part.base) writer.fixed(part.base);
      give(owned, part);
      writeVersions(writer, part.versions.filter(goes), ({ value }) => {
        writer.byte(value === undefined ? 0 : 1);
        if (value !== undefined) writer.fixed(value);
      });
    }
  }
}

/** What came of a cell: whoever awaited it is told. */
export interface ArrivedCells {
  account(cell: AccountCell): void;
  slot(cell: SlotCell): void;
}

/**
 * Afterwards the memory has what the message of member `from` says, values as views of it. What was before the block with what `member`
 * itself owns it asks its own state, nobody else. @throws ChainError `INVALID_ARGUMENT`
 */
export function readCells(
  reader: ByteReader,
  from: number,
  member: number,
  memory: VersionedMemory,
  codes: ByteMap<Uint8Array>,
  arrived: ArrivedCells,
): void {
  const take = (owned: boolean, sharing: Sharing) => {
    const touched = reader.byte();
    if (!owned) return;
    sharing.told = true;
    sharing.ownerTouched |= touched;
  };
  for (let left = reader.count(23); left > 0; left--) {
    const cell = memory.cell(reader.fixed(20));
    const flags = reader.byte();
    if ((flags & 6) !== 0) {
      const base = (flags & 4) === 0 ? null : readBase(reader);
      if (cell.base === undefined && cell.owner !== member) memory.setBase(cell, base);
    }
    const owned = cell.owner === from;
    take(owned, cell);
    if ((flags & 1) !== 0) {
      readAccountVersions(reader, cell, codes);
      arrived.account(cell);
    }
    for (let slots = reader.count(35); slots > 0; slots--) {
      const part = slotCell(cell, reader.fixed(32));
      const kind = reader.below(3, 'slot');
      const base = kind === 0 ? undefined : kind === 1 ? null : reader.fixed(32);
      if (part.base === undefined && cell.owner !== member) part.base = base;
      take(owned, part);
      readVersions(reader, (position) => {
        const value = reader.byte() === 1 ? reader.fixed(32) : undefined;
        part.versions = insert(part.versions, { position, round: -1, value });
      });
      arrived.slot(part);
    }
  }
}

function readAccountVersions(reader: ByteReader, cell: AccountCell, codes: ByteMap<Uint8Array>): void {
  readVersions(reader, (position) => {
    const kind = reader.byte();
    const codeHash = reader.fixed(32).slice();
    const code = (kind & 2) === 0 ? undefined : reader.bytes().slice();
    if (code !== undefined && code.length > 0) codes.set(codeHash, code);
    cell.codes = insert(cell.codes, { position, round: -1, codeHash, code, wipes: (kind & 1) !== 0 });
  });
  readVersions(reader, (position) => {
    cell.nonces = insert(cell.nonces, { position, round: -1, nonce: reader.natural() });
  });
  readVersions(reader, (position) => cell.credits.put({ position, round: -1, delta: reader.integer() }));
}

function writeVersions<V extends Version>(
  writer: ByteWriter,
  versions: readonly V[],
  write: (version: V) => void,
): void {
  writer.number(versions.length);
  for (const version of versions) {
    writer.number(version.position);
    write(version);
  }
}

function readVersions(reader: ByteReader, read: (position: number) => void): void {
  for (let left = reader.count(2); left > 0; left--) read(reader.number());
}

function writeBase(writer: ByteWriter, { nonce, balance, codeHash, hasStorage }: HostAccount): void {
  writer.natural(nonce);
  writer.natural(balance);
  writer.byte(hasStorage ? 1 : 0);
  writer.fixed(codeHash);
}

function readBase(reader: ByteReader): HostAccount {
  const nonce = reader.natural();
  const balance = reader.natural();
  const hasStorage = reader.byte() === 1;
  return { nonce, balance, hasStorage, codeHash: reader.fixed(32).slice() };
}
