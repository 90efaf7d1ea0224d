import { createCryptoWorker } from '@sheaf/crypto';
import { daV1, executionV1, sequencerV1, settlementV1 } from '@sheaf/proto';
import type { ChainSpec } from '@sheaf/protocol';
import { createRpcClient, tlsFiles } from '@sheaf/rpc';
import {
  closeInReverse,
  defineService,
  readChainSpec,
  readMemberKeys,
  requireCommitteeAddresses,
  type Health,
  type Service,
  type ServiceContext,
} from '@sheaf/service';
import { randomInt } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { createAnnouncements, type Announcements } from './adapters/announcements.ts';
import { openJournal } from './adapters/journal.ts';
import {
  createAttestationSink,
  createCellSource,
  createExecutionSource,
  createPayloadSource,
} from './adapters/peers.ts';
import { config, type ValidatorConfig } from './config.ts';
import { createSigner } from './domain/signer.ts';
import { createValidation, type Condition, type Validation, type ValidationEvents } from './domain/validation.ts';
import { createBatchVerifier } from './domain/verify-batch.ts';
import { createBlockVerifier } from './domain/verify-block.ts';
import { createEngineWorker, type EngineWorker } from './engine/client.ts';
import { createMetrics } from './metrics.ts';
import type { ProofVerifier } from './ports.ts';

/** What a test may exchange. */
export interface ValidatorDependencies {
  /** Bundle that workers start from; default: this file, which in production is that bundle. */
  workerFile?: string;
}

/** A validator: `condition()` says where it stands, once started. */
export interface Validator extends Service {
  condition(): Condition | undefined;
}

/** Builds a validator; nothing is opened before `start`. */
export function createValidator(
  context: ServiceContext<ValidatorConfig>,
  dependencies: ValidatorDependencies = {},
): Validator {
  const { config: settings, log, metrics: registry } = context;
  const { workerFile = __filename } = dependencies;
  const opened = closeInReverse();
  const stopping = new AbortController();
  // One listener a call under way; Node warns of a leak above 10.
  setMaxListeners(256, stopping.signal);
  const state: { validation: Validation | undefined; announcements: Announcements | undefined } = {
    validation: undefined,
    announcements: undefined,
  };

  async function start(): Promise<void> {
    const spec = readChainSpec(settings.chainSpecFile);
    const { validatorIndex, blsKeyFile: keyFile } = settings;
    const member = { index: validatorIndex, indexSetting: 'SHEAF_VALIDATOR_INDEX', kind: 'validator', keyFile };
    const { publicKey, secretKey } = readMemberKeys(member, spec.validators);
    requireCommitteeAddresses(spec, settings.daAddresses);
    const peers = connectPeers();
    const engine = createEngineWorker({ workerFile, spec, warmPointEvaluation: settings.warmPointEvaluation }, fatal);
    opened.add('engine worker', () => engine.close());
    const { header, hash } = await engine.genesis();
    const genesis = { header, hash, payloadHash: hash };
    const journal = await openJournal(settings.dataDir, {
      chainId: spec.chainId,
      genesisHash: hash,
      publicKey,
    });
    const crypto = await createCryptoWorker({ workerFile, kzg: true }, { onLost: fatal });
    opened.add('crypto worker', () => crypto.close());

    const metrics = createMetrics(registry, () => state.validation?.condition());
    const blocks = createBlockVerifier(
      { spec },
      { ...peers, engine, batches: createBatches(spec, { ...peers, verifier: crypto, engine }, metrics) },
    );
    const signer = createSigner({ chainId: spec.chainId, validatorIndex, secretKey }, { journal });
    const validation = createValidation(
      { spec, genesis, aheadMax: settings.aheadMax, pollMs: settings.pollMs },
      { ...peers, blocks, verifier: crypto, journal, signer, events: report(metrics) },
    );
    state.validation = validation;
    opened.add('validation', () => validation.stop());
    validation.run().catch(fatal);
    peers.announcements.start((executed) => validation.wake(executed));
    log.info({ validatorIndex, from: validation.condition().verifiedHeight }, 'validating');
  }

  /** Nothing is reached yet: every call connects when it is made. */
  function connectPeers() {
    const call = { deadlineMs: settings.deadlineMs, signal: stopping.signal };
    const tls = tlsFiles(settings);
    const connect = <D extends object>(definition: D, address: string) => {
      const client = createRpcClient(definition, { address, tls }, { log, metrics: registry });
      opened.add(`client of ${address}`, () => client.close());
      return client;
    };
    const bus = {
      url: settings.natsUrl,
      streamPrefix: settings.streamPrefix,
      name: `${context.name}-${settings.validatorIndex}`,
    };
    const announcements = createAnnouncements(bus, { log, metrics: registry });
    opened.add('announcements', () => announcements.stop());
    state.announcements = announcements;
    const execution = connect(executionV1.ExecutionServiceService, settings.executionAddress);
    const committee = settings.daAddresses.map((address) => connect(daV1.DataAvailabilityServiceService, address));
    const settlement = connect(settlementV1.SettlementServiceService, settings.settlementAddress);
    return {
      announcements,
      payloads: createPayloadSource(connect(sequencerV1.SequencerServiceService, settings.sequencerAddress), call),
      execution: createExecutionSource(execution, (height) => announcements.hash(height), call),
      cells: createCellSource(committee, call),
      settlement: createAttestationSink(settlement, settings.validatorIndex, call),
    };
  }

  function createBatches(
    spec: ChainSpec,
    parts: Pick<ReturnType<typeof connectPeers>, 'payloads' | 'cells'> & {
      verifier: ProofVerifier;
      engine: EngineWorker;
    },
    metrics: ReturnType<typeof createMetrics>,
  ) {
    return createBatchVerifier(
      { spec, sampleColumns: settings.sampleColumns },
      {
        ...parts,
        // Unpredictable on purpose: a publisher must not know which cells will be asked for.
        randomBelow: (bound) => randomInt(bound),
        onFault(node, fault) {
          metrics.custodyFaults.inc({ node, fault });
          log.error({ node, fault }, 'a data-availability node failed a sample');
        },
      },
    );
  }

  function report(metrics: ReturnType<typeof createMetrics>): ValidationEvents {
    let told = '';
    /** The same sentence once, until something changes. */
    const once = (text: string, tell: () => void) => {
      if (text !== told) tell();
      told = text;
    };
    return {
      verified({ hash, header }, seconds) {
        told = '';
        metrics.verifySeconds.observe(seconds);
        log.debug({ height: header.number, hash, seconds }, 'verified');
      },
      submitted: ({ height, blockHash }) => log.debug({ height, blockHash }, 'attested'),
      adopted({ height, blockHash }) {
        metrics.adopted.inc();
        log.warn({ height, blockHash }, 'away for too long: went on from a finalized block');
      },
      waiting(height, error) {
        metrics.refusals.inc({ kind: 'unavailable' });
        once(`waiting ${height}`, () => log.debug({ height, reason: (error as Error).message }, 'waiting'));
      },
      alarmed(height, error) {
        metrics.refusals.inc({ kind: 'wrong' });
        once(`alarmed ${height}`, () => log.error({ height, err: error }, 'DIVERGENCE: not signed'));
      },
      halted(error) {
        metrics.refusals.inc({ kind: 'wrong' });
        log.error({ err: error }, 'settlement refuses this validator: nothing is signed any more');
      },
    };
  }

  function fatal(error: unknown): void {
    if (!stopping.signal.aborted) context.fatal(error);
  }

  function health(): Health {
    const condition = state.validation?.condition();
    const verification = condition?.state === 'following' || condition?.state === 'waiting';
    const detail = condition?.detail ?? condition?.submitFault ?? condition?.state ?? 'not started';
    const checks = {
      verification: { ok: verification, detail },
      settlement: { ok: condition !== undefined && condition.submitFault === undefined },
      announcements: { ok: state.announcements?.ready() ?? false },
    };
    return { ready: Object.values(checks).every(({ ok }) => ok), checks };
  }

  return {
    start,
    async stop() {
      stopping.abort();
      await opened.closeAll();
    },
    health,
    condition: () => state.validation?.condition(),
  };
}

/** The service as its process runs it. */
export const validator = defineService({ name: 'validator', config, create: (context) => createValidator(context) });
