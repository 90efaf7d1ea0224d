// Mainnet's blocks as payloads of a chain under Cancun's rules: their transactions as they were signed, on the state that
// they read. What is not theirs: the parent (made up, with the base fee that the block had), the 255 before it, no
// withdrawals, no blobs (two transactions of 8,762 are left out), no limit of gas where it is of another fork.
import { createTx } from '@ethereumjs/tx';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import type { Header } from '@sheaf/ethereum';
import { emptyOmmersHash, headerHash } from '@sheaf/ethereum';
import {
  bytesToHex,
  hexToBytes,
  toAddress,
  toEpoch,
  toHash32,
  toHeight,
  zeroHash,
  type Hash32,
} from '@sheaf/primitives';
import { payloadHash, type Payload } from '@sheaf/protocol';
import { BlockDraft, memoryKeyValue, PartitionState, type BlockChanges } from '@sheaf/state';
import { createEngine, genesis } from '@sheaf/state-transition';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { FixtureError, readList, readObject, readQuantity, type JsonObject } from '../../conformance/json.ts';
import { readMainnetBlock, type MainnetBlock } from '../../conformance/mainnet-block.ts';
import { lazyKzg } from '../../conformance/oracle-executor.ts';
import { workloadSpec } from '../../workloads/workload.ts';
import { BenchFault } from '../suite.ts';
import { caseBlock, type BenchCase } from './bench-case.ts';

/** Every gas limit of these blocks together is below it. */
const gasLimitFree = 2n ** 40n;
const ancestorsMade = 256;

/** Where the blocks are. @throws BenchFault when they are nowhere */
export function findMainnetBlocks(): string[] {
  const named = process.env['SHEAF_FIXTURES'];
  const folder = join(named ?? join(findWorkspace(), '../shared/fixtures'), 'mainnet-blocks');
  if (!existsSync(folder)) throw new BenchFault(`there are no mainnet blocks in ${folder}: set SHEAF_FIXTURES`);
  const files = readdirSync(folder).filter((file) => file.endsWith('.json.gz'));
  return files.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)).map((file) => join(folder, file));
}

/** The bundle runs from below the workspace. */
function findWorkspace(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'nx.json'))) {
    if (folder === dirname(folder)) return process.cwd();
    folder = dirname(folder);
  }
  return folder;
}

/** A case of one block. `undefined`: the block has no transactions. */
export async function mainnetCase(file: string): Promise<BenchCase | undefined> {
  const fixture = parse(file);
  const block = readMainnetBlock(fixture);
  if (block.transactions.length === 0) return undefined;
  const { environment, gasMax, world } = block.setting;
  const spec = { ...workloadSpec(new Map(), 30_000_000n, environment.coinbase), fork: 'cancun' as const, chainId: 1n };
  const start = withSystemContracts(world.asChanges(), (await genesis(spec)).changes);
  const ancestors = madeUpAncestors(block);
  const parent = ancestors[0]!;
  const payload: Payload = {
    chainId: 1n,
    height: toHeight(environment.number),
    epoch: toEpoch(1),
    parentHash: toHash32(parent.extraData),
    timestamp: environment.timestamp,
    baseFeePerGas: environment.baseFeePerGas,
    gasLimit: gasMax === undefined ? environment.gasLimit : gasLimitFree,
    feeRecipient: environment.coinbase,
    prevRandao: environment.prevRandao,
    deposits: [],
    transactions: rawTransactions(fixture, block),
  };
  const senders = block.transactions.map(({ sender }) => sender);
  const input = { payload, payloadHash: payloadHash(payload), parent, ancestors, senders };
  const state = new PartitionState(memoryKeyValue());
  state.commit(state.prepare(start), { height: toHeight(0) });
  const { block: executed } = await createEngine(spec).executePayload(input, new BlockDraft(state));
  return { name: block.name, spec, start, warmUp: 0, blocks: [caseBlock(input, executed)] };
}

function parse(file: string): JsonObject {
  try {
    return readObject(JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')), 'the file');
  } catch (error) {
    throw new BenchFault(`${file} cannot be read: ${(error as Error).message}`);
  }
}

/** Encoded by @ethereumjs/tx; each must have the hash that the fixture says. */
function rawTransactions(fixture: JsonObject, { name, transactions }: MainnetBlock): Uint8Array[] {
  const common = new Common({ chain: Mainnet, hardfork: Hardfork.Cancun, customCrypto: { kzg: lazyKzg() } });
  return readList(fixture['transactions'], 'transactions').map((entry, index) => {
    const fields = readObject(entry, 'transaction');
    const field = (key: string): string | undefined => (fields[key] ?? undefined) as string | undefined;
    const raw = createTx(
      {
        ...fields,
        gasLimit: readQuantity(fields['gas'], 'gas'),
        data: fields['input'],
        to: field('to'),
        gasPrice: Number(fields['type'] ?? 0) < 2 ? fields['gasPrice'] : undefined,
        maxFeePerBlobGas: field('maxFeePerBlobGas'),
        chainId: field('chainId'),
        accessList: fields['accessList'] ?? undefined,
      } as never,
      { common },
    );
    const { hash } = transactions[index]!;
    if (bytesToHex(raw.hash()) !== hash) throw new FixtureError(`${name}: transaction ${index} is not ${hash}`);
    return raw.serialize();
  });
}

/** A parent after which the base fee stays, and headers before it that hash to what their children say. */
function madeUpAncestors({ setting: { environment } }: MainnetBlock): Header[] {
  const { number, timestamp, baseFeePerGas, coinbase } = environment;
  const count = number < BigInt(ancestorsMade) ? Number(number) : ancestorsMade;
  const headers: Header[] = [];
  let parentHash: Hash32 = zeroHash;
  for (let depth = count; depth >= 1; depth--) {
    const header: Header = {
      parentHash,
      ommersHash: emptyOmmersHash,
      coinbase,
      stateRoot: zeroHash,
      transactionsRoot: zeroHash,
      receiptsRoot: zeroHash,
      logsBloom: new Uint8Array(256),
      difficulty: 0n,
      number: toHeight(number - BigInt(depth)),
      gasLimit: 30_000_000n,
      gasUsed: 15_000_000n,
      timestamp: timestamp - BigInt(depth),
      // The hash of its payload, which there was none of.
      extraData: hexToBytes(zeroHash),
      prevRandao: zeroHash,
      nonce: new Uint8Array(8),
      baseFeePerGas,
      withdrawalsRoot: zeroHash,
      blobGasUsed: 0n,
      excessBlobGas: 0n,
      parentBeaconBlockRoot: zeroHash,
      requestsHash: undefined,
    };
    headers.unshift(header);
    parentHash = headerHash(header);
  }
  return headers;
}

/** What of the genesis the fixture's state lacks. */
function withSystemContracts(world: BlockChanges, system: BlockChanges): BlockChanges {
  const present = new Set(world.accounts.map(({ address }) => toAddress(address)));
  return {
    accounts: [...world.accounts, ...system.accounts.filter(({ address }) => !present.has(toAddress(address)))],
    codes: new Map([...system.codes, ...world.codes]),
  };
}
