import { bytesToHex } from '@sheaf/primitives';
import { effects } from '../programs/operations.ts';

const linesMax = 600;

/** One line an instruction: its offset, name and what it pushes; not all of them where there are very many. */
export function disassemble(code: Uint8Array): string {
  const lines: string[] = [];
  for (let pc = 0; pc < code.length;) {
    const byte = code[pc]!;
    const pushes = byte >= 0x60 && byte < 0x80 ? byte - 0x5f : 0;
    const name = effects[byte]?.name ?? `INVALID(${byte.toString(16).padStart(2, '0')})`;
    const data = code.subarray(pc + 1, pc + 1 + pushes);
    lines.push(`${String(pc).padStart(5)} ${name}${pushes === 0 ? '' : ` ${bytesToHex(data)}`}`);
    pc += 1 + pushes;
  }
  if (lines.length === linesMax) lines.push('      …');
  return lines.join('\n');
}
