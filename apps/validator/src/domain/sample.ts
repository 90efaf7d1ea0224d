import { ChainError, isChainError } from '@sheaf/primitives';
import { custodyColumns, type DaCommittee } from '@sheaf/protocol';
import type { CellSource, ProofVerifier, SampledCell } from '../ports.ts';
import { faultKind, wrong } from './fault.ts';

/** A way in which a node failed its custody. */
export type CustodyFault = 'withheld' | 'invalid';

/** The columns that the signers of a certificate promised to keep, rising. */
export function promisedColumns(committee: DaCommittee, signers: number[]): number[] {
  return [...new Set(signers.flatMap((signer) => custodyColumns(committee, signer)))].sort((a, b) => a - b);
}

/**
 * `count` of the columns (all, if there are fewer), chosen uniformly, rising. Unpredictable columns are what makes sampling work, so
 * `randomBelow` must come from a cryptographic source.
 */
export function chooseColumns(columns: number[], count: number, randomBelow: (bound: number) => number): number[] {
  const pool = [...columns];
  const wanted = Math.min(count, pool.length);
  for (let i = 0; i < wanted; i++) {
    const j = i + randomBelow(pool.length - i);
    [pool[i], pool[j]] = [pool[j]!, pool[i]!];
  }
  return pool.slice(0, wanted).sort((a, b) => a - b);
}

/** A blob to be sampled. */
export interface SampleTask {
  commitment: Uint8Array;
  /** Rising. */
  columns: number[];
  /** Committee members that promised to keep it. */
  signers: number[];
}

/**
 * Returns when every column was served with a valid proof by one of its custodians. Each column is asked of one custodian after another.
 * @throws ChainError `DATA_LOSS` when a custodian that answered withheld or altered a column and no other one has it; `UNAVAILABLE` when those
 * that could have it do not answer
 */
export async function sampleBlob(
  task: SampleTask,
  dependencies: {
    committee: DaCommittee;
    cells: CellSource;
    verifier: ProofVerifier;
    randomBelow: (bound: number) => number;
    onFault: (nodeIndex: number, fault: CustodyFault) => void;
  },
): Promise<void> {
  const { committee, randomBelow } = dependencies;
  const custody = new Map(task.signers.map((signer) => [signer, new Set(custodyColumns(committee, signer))]));
  const open = new Map(
    task.columns.map((column) => {
      const custodians = task.signers.filter((signer) => custody.get(signer)!.has(column));
      return [column, shuffle(custodians, randomBelow)];
    }),
  );
  const broken = new Set<number>();
  const unreachable: unknown[] = [];
  while (open.size > 0) {
    const requests = nextRequests(open);
    if (requests.size === 0) break;
    await Promise.all(
      [...requests].map(async ([nodeIndex, columns]) => {
        const outcome = await ask(task.commitment, nodeIndex, columns, dependencies);
        outcome.served.forEach((column) => open.delete(column));
        if (outcome.cause !== undefined) unreachable.push(outcome.cause);
        if (outcome.fault)
          columns.filter((column) => !outcome.served.includes(column)).forEach((column) => broken.add(column));
      }),
    );
  }
  if (open.size === 0) return;
  const missing = [...open.keys()];
  const bad = missing.filter((column) => broken.has(column));
  if (bad.length > 0) throw wrong(`columns ${bad.join(', ')} of a certified blob are withheld or altered`);
  throw new ChainError(
    { code: 'UNAVAILABLE', message: `no custodian of columns ${missing.join(', ')} answers` },
    { cause: unreachable[0] },
  );
}

/** The next custodian of every open column, with all that it is to be asked for. Takes the custodians off the lists. */
function nextRequests(open: Map<number, number[]>): Map<number, number[]> {
  const requests = new Map<number, number[]>();
  for (const [column, custodians] of open) {
    const nodeIndex = custodians.shift();
    if (nodeIndex === undefined) continue;
    requests.set(nodeIndex, [...(requests.get(nodeIndex) ?? []), column]);
  }
  return requests;
}

interface Answer {
  /** Columns served with valid proofs. */
  served: number[];
  fault: CustodyFault | undefined;
  /** Why the node did not answer. */
  cause?: unknown;
}

async function ask(
  commitment: Uint8Array,
  nodeIndex: number,
  columns: number[],
  dependencies: {
    cells: CellSource;
    verifier: ProofVerifier;
    onFault: (nodeIndex: number, fault: CustodyFault) => void;
  },
): Promise<Answer> {
  const fail = (fault: CustodyFault, served: number[]): Answer => {
    dependencies.onFault(nodeIndex, fault);
    return { served, fault };
  };
  let cells: SampledCell[];
  try {
    cells = await dependencies.cells.cells(nodeIndex, commitment, columns);
  } catch (cause) {
    // It signed for the blob, so not to know it is to withhold it.
    if (isChainError(cause, 'NOT_FOUND')) return fail('withheld', []);
    return faultKind(cause) === 'unavailable' ? { served: [], fault: undefined, cause } : fail('invalid', []);
  }
  const asked = cells.filter(({ column }) => columns.includes(column));
  const served = asked.map(({ column }) => column);
  const valid = await dependencies.verifier.verifyCells(
    asked.map(() => commitment),
    served,
    asked.map(({ cell }) => cell),
    asked.map(({ proof }) => proof),
  );
  if (!valid) return fail('invalid', []);
  return served.length === columns.length ? { served, fault: undefined } : fail('withheld', served);
}

function shuffle(items: number[], randomBelow: (bound: number) => number): number[] {
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = randomBelow(i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return shuffled;
}
