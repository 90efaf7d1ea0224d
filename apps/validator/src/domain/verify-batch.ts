import { bytesToHex, equalBytes, type Hash32, type Height } from '@sheaf/primitives';
import {
  batchDigest,
  commitmentsHash,
  payloadsNamespace,
  verifyCertificate,
  type BatchStatement,
  type Certificate,
  type ChainSpec,
} from '@sheaf/protocol';
import type { BlockEngine, CellSource, PayloadReference, PayloadSource, ProofVerifier } from '../ports.ts';
import { requireRight } from './fault.ts';
import { chooseColumns, promisedColumns, sampleBlob, type CustodyFault } from './sample.ts';

/** A batch that is certified, available as far as sampling can tell, and holds these payloads. */
export interface VerifiedBatch {
  first: Height;
  last: Height;
  commitmentsHash: Hash32;
  /** By height, from `first` on. */
  payloadHashes: Hash32[];
}

/** Batches remembered: at one batch a second or slower, far more than are ever open. */
const batchesKept = 64;

/** Verifies batches, each once. */
export interface BatchVerifier {
  /**
   * The verified batch that covers the height. Concurrent callers share the work; failures are not remembered, but the columns chosen for a
   * batch are: asking for others until they are served would defeat sampling.
   * @throws ChainError as the sources do, and `DATA_LOSS` for what does not verify
   */
  covering(height: Height): Promise<VerifiedBatch>;
}

/** What a batch is verified with. */
export interface BatchVerifierDependencies {
  payloads: PayloadSource;
  cells: CellSource;
  verifier: ProofVerifier;
  engine: Pick<BlockEngine, 'unpack'>;
  randomBelow: (bound: number) => number;
  onFault: (nodeIndex: number, fault: CustodyFault) => void;
}

/** A verifier that samples `sampleColumns` columns of every blob. */
export function createBatchVerifier(
  options: { spec: ChainSpec; sampleColumns: number },
  dependencies: BatchVerifierDependencies,
): BatchVerifier {
  const { spec } = options;
  const { payloads, verifier, engine } = dependencies;
  const verified: VerifiedBatch[] = [];
  const underWay = new Map<string, Promise<VerifiedBatch>>();
  const chosen = new Map<string, number[][]>();

  async function verify(certificate: Certificate, height: Height, key: string): Promise<VerifiedBatch> {
    const { statement, signers } = certificate;
    const aggregate = (keys: Uint8Array[], message: Uint8Array, signature: Uint8Array) =>
      verifier.blsFastAggregateVerify(keys, message, signature);
    requireRight(
      await verifyCertificate(certificate, spec.da, aggregate),
      () => `the certificate of height ${height} does not verify`,
    );
    const columns = columnsOf(key, certificate);
    const sampling = Promise.all(
      statement.commitments.map((commitment, blob) =>
        sampleBlob({ commitment, columns: columns[blob]!, signers }, { committee: spec.da, ...dependencies }),
      ),
    );
    const [references] = await Promise.all([readBlobs(statement, height), sampling]);
    checkRun(statement, references);
    const batch: VerifiedBatch = {
      first: statement.firstHeight,
      last: statement.lastHeight,
      commitmentsHash: commitmentsHash(statement.commitments),
      payloadHashes: references.map(({ hash }) => hash),
    };
    verified.push(batch);
    if (verified.length > batchesKept) verified.shift();
    chosen.delete(key);
    return batch;
  }

  function columnsOf(key: string, { statement, signers }: Certificate): number[][] {
    const known = chosen.get(key);
    if (known) return known;
    const promised = promisedColumns(spec.da, signers);
    const columns = statement.commitments.map(() =>
      chooseColumns(promised, options.sampleColumns, dependencies.randomBelow),
    );
    chosen.set(key, columns);
    if (chosen.size > batchesKept) chosen.delete(chosen.keys().next().value!);
    return columns;
  }

  async function readBlobs(statement: BatchStatement, height: Height): Promise<PayloadReference[]> {
    const blobs = await payloads.blobs(height);
    const { commitments } = statement;
    requireRight(
      blobs.length === commitments.length,
      () => `${blobs.length} blobs for ${commitments.length} commitments`,
    );
    for (const [index, blob] of blobs.entries()) {
      // One after the other: the worker has one thread, and its queue is bounded.
      const commitment = await verifier.blobToCommitment(blob);
      requireRight(
        equalBytes(commitment, commitments[index]!),
        () => `blob ${index} of height ${height} is not what was certified`,
      );
    }
    return engine.unpack(blobs);
  }

  return {
    async covering(height) {
      const known = verified.find(({ first, last }) => first <= height && height <= last);
      if (known) return known;
      const certificate = await payloads.certificate(height);
      checkStatement(certificate.statement, spec, height);
      const key = `${bytesToHex(batchDigest(certificate.statement))} ${bytesToHex(certificate.signature)} ${certificate.signers.join()}`;
      let work = underWay.get(key);
      if (!work) {
        work = verify(certificate, height, key).finally(() => underWay.delete(key));
        underWay.set(key, work);
      }
      return work;
    },
  };
}

function checkStatement(statement: BatchStatement, spec: ChainSpec, height: Height): void {
  const { chainId, namespace, firstHeight, lastHeight } = statement;
  requireRight(chainId === spec.chainId, () => `the certificate of height ${height} is for chain ${chainId}`);
  requireRight(
    namespace === payloadsNamespace,
    () => `the certificate of height ${height} is for namespace ${namespace}`,
  );
  requireRight(
    firstHeight <= height && height <= lastHeight,
    () => `the certificate served for height ${height} covers ${firstHeight} to ${lastHeight}`,
  );
}

/** The payloads are those of the statement's heights, linked, and end in its hash. */
function checkRun(statement: BatchStatement, references: PayloadReference[]): void {
  const { firstHeight, lastHeight, lastPayloadHash } = statement;
  const where = `the blobs of heights ${firstHeight} to ${lastHeight}`;
  requireRight(
    BigInt(references.length) === lastHeight - firstHeight + 1n,
    () => `${where} hold ${references.length} payloads`,
  );
  for (const [index, { height, parentHash }] of references.entries()) {
    requireRight(height === firstHeight + BigInt(index), () => `${where} hold payload ${height} at place ${index}`);
    const before = references[index - 1];
    requireRight(
      !before || parentHash === before.hash,
      () => `${where} hold payload ${height}, which does not follow the one before`,
    );
  }
  requireRight(references.at(-1)?.hash === lastPayloadHash, () => `${where} do not end in the certified payload`);
}
