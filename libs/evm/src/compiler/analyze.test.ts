// Goal: the analysis finds the labels of a code, how control comes to them, and which of them loops go back to.
// Method: small codes whose structure is known; hostile ones against the bound.

import { opcodesOf } from '../opcodes.ts';
import { analyze } from './analyze.ts';
import type { Analysis } from './analyze.ts';

function analysis(text: string): Analysis {
  const found = analyze(Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex')), opcodesOf('prague'), 1000);
  if (found === undefined) throw new Error('more labels than expected');
  return found;
}

/** Offsets of the labels for which a field is set. */
function where(found: Analysis, field: 'reachable' | 'addressTaken' | 'loopHeader' | 'cold'): number[] {
  return found.labels.filter((_pc, id) => found[field][id] === 1);
}

describe('labels', () => {
  it('number JUMPDESTs like the jump table, and call continuations behind them', () => {
    const found = analysis('5b 5f5f5f5f5f5f5f f1 50 5b 00');
    expect(found.jumpdests).toBe(2);
    expect(found.labels).toEqual([0, 0, 10, 9]);
    expect([...found.labelAt]).toEqual([1, -1, -1, -1, -1, -1, -1, -1, -1, 3, 2, -1, -1]);
  });

  it('take no push data for a JUMPDEST', () => {
    expect(analysis('61 5b5b 5b 62 5b').labels).toEqual([0, 3]);
  });

  it('cut long runs', () => {
    expect(analysis('58'.repeat(1000)).labels).toEqual([0, 400, 801]);
  });

  it('have a bound', () => {
    expect(analyze(new Uint8Array(1000).fill(0x5b), opcodesOf('prague'), 999)).toBeUndefined();
    expect(analyze(new Uint8Array(1000).fill(0xf1), opcodesOf('prague'), 999)).toBeUndefined();
  });
});

describe('control flow', () => {
  it('finds a loop by its jump back', () => {
    const found = analysis('600a 5b 6001 90 03 80 6002 57 00');
    expect(where(found, 'loopHeader')).toEqual([2]);
    expect(found.arrivals[1]).toBe(2);
  });

  it('takes a function behind its callers for no loop', () => {
    // f at 0; callers at 6 and 13 push their return addresses.
    const found = analysis('6006 56 5b 90 56 5b 600d 6003 56 fe 5b 6014 6003 56 fe 5b 00');
    expect(where(found, 'loopHeader')).toEqual([]);
    expect(where(found, 'addressTaken')).toEqual([13, 20]);
    expect(found.arrivals[1]).toBe(2);
  });

  it('knows what ends in REVERT', () => {
    const found = analysis('5f35 6006 57 00 5b 5f5ffd 5b 00');
    expect(where(found, 'cold')).toEqual([6]);
    expect(where(found, 'reachable')).toEqual([0, 6]);
  });
});
