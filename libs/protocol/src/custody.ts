/** The data-availability committee as the chain's specification fixes it. */
export interface DaCommittee {
  /** By index. BLS key of 48 bytes with its proof of possession of 96. */
  nodes: { publicKey: Uint8Array; proofOfPossession: Uint8Array }[];
  /** So many signers may vanish and every blob can still be restored. At most 42. */
  lostNodesMax: number;
  /** 1 to 128. */
  columnsPerNode: number;
}

/** Columns of an extended blob (EIP-7594). */
export const columnsTotal = 128;
/** Any so many columns restore a blob. */
export const columnsToRecover = 64;

/** Largest `lostNodesMax`: a third of the largest committee. Bounds what computing the worst loss costs (tens of ms). */
export const lostNodesBound = 42;

/** Where a node's arc of columns starts. */
function firstColumn(committee: DaCommittee, nodeIndex: number): number {
  return (nodeIndex * committee.columnsPerNode) % columnsTotal;
}

/** The node's columns, rising: `columnsPerNode` of them from `nodeIndex * columnsPerNode` on, round the 128. */
export function custodyColumns(committee: DaCommittee, nodeIndex: number): number[] {
  const first = firstColumn(committee, nodeIndex);
  const arc = Array.from({ length: committee.columnsPerNode }, (_, offset) => (first + offset) % columnsTotal);
  return arc.sort((a, b) => a - b);
}

/**
 * How many different columns the signers still hold when the worst `lostNodesMax` of them are lost. 0 when all may be.
 * Exact. Every node's columns are an arc of one length on a circle of 128, so what is held is the sum, over the arcs'
 * starts kept, of the smaller of the length and the distance to the next start kept; the worst loss minimizes that sum.
 */
export function availableAfterLoss(committee: DaCommittee, signers: number[]): number {
  const holders = new Map<number, number>();
  for (const signer of new Set(signers)) {
    const start = firstColumn(committee, signer);
    holders.set(start, (holders.get(start) ?? 0) + 1);
  }
  const starts = [...holders].map(([column, count]) => ({ column, count })).sort((a, b) => a.column - b.column);
  const total = starts.reduce((sum, start) => sum + start.count, 0);
  if (total <= committee.lostNodesMax) return 0;
  let worst = columnsTotal;
  let lost = 0;
  // One of the first starts is kept: all before it are lost.
  for (let first = 0; first < starts.length && lost <= committee.lostNodesMax; first++) {
    worst = Math.min(worst, heldFrom(starts, first, committee.lostNodesMax - lost, committee.columnsPerNode));
    lost += starts[first]!.count;
  }
  return worst;
}

/** The least that is held when `first` is the lowest start kept and at most `budget` signers above it are lost. */
function heldFrom(starts: { column: number; count: number }[], first: number, budget: number, arc: number): number {
  const end = starts[first]!.column + columnsTotal;
  // best[i][lost]: least columns held before start i, which is kept, with so many lost between `first` and it.
  const best = starts.map(() => new Array<number>(budget + 1).fill(Infinity));
  best[first]![0] = 0;
  let least = Infinity;
  for (let from = first; from < starts.length; from++) {
    for (let used = 0; used <= budget; used++) {
      const held = best[from]![used]!;
      if (held === Infinity) continue;
      let lost = used;
      for (let to = from + 1; lost <= budget; to++) {
        const distance = (starts[to]?.column ?? end) - starts[from]!.column;
        const sum = held + Math.min(arc, distance);
        if (to >= starts.length) {
          least = Math.min(least, sum);
          break;
        }
        best[to]![lost] = Math.min(best[to]![lost]!, sum);
        lost += starts[to]!.count;
      }
    }
  }
  return least;
}
