// Fixtures of the kind "blockchain test": blocks as RLP, valid and invalid, on a genesis state.
import { decodeBlock, headerHash, type Header } from '@sheaf/ethereum';
import type { Fork } from '@sheaf/evm';
import { hexToBytes, toHash32, toHeight, zeroHash, type Hash32 } from '@sheaf/primitives';
import type { BlobSchedule } from '@sheaf/ethereum';
import { forkOf, readBlobSchedule } from './forks.ts';
import {
  FixtureError,
  optional,
  readAddress,
  readBytes,
  readHash,
  readList,
  readObject,
  readQuantity,
  readText,
  type JsonObject,
} from './json.ts';
import { readWorld, type World } from './world.ts';

export interface BlockchainTest {
  fork: Fork;
  chainId: bigint;
  /** `undefined`: mainnet's for the fork. */
  blobs: BlobSchedule | undefined;
  genesis: Header;
  genesisHash: Hash32;
  pre: World;
  blocks: {
    rlp: Uint8Array;
    /** Alternatives, as `BlockException.NAME`; none: the block is valid. */
    exceptions: string[];
  }[];
  lastBlockHash: Hash32;
  /** The state after the last valid block, or its root alone. */
  post: World | undefined;
  postRoot: Hash32 | undefined;
}

/** The fixture, or the name of a fork that is not ours. @throws FixtureError */
export function readBlockchainTest(fixture: JsonObject): BlockchainTest | { skipped: string } {
  const config = optional(fixture['config'], 'config', readObject) ?? {};
  const network = readText(fixture['network'] ?? config['network'], 'network');
  const fork = forkOf(network);
  if (fork === undefined) return { skipped: network };
  const post = optional(fixture['postState'], 'postState', readWorld);
  const { genesis, genesisHash } = readGenesis(fixture);
  return {
    fork,
    chainId: optional(config['chainid'] ?? config['chainId'], 'config.chainid', readQuantity) ?? 1n,
    blobs: readBlobSchedule(config, fork),
    genesis,
    genesisHash,
    pre: readWorld(fixture['pre'], 'pre'),
    blocks: readList(fixture['blocks'], 'blocks').map((entry, place) => {
      const block = readObject(entry, `blocks[${place}]`);
      const exceptions = optional(block['expectException'], `blocks[${place}].expectException`, readText);
      return {
        rlp: readBytes(block['rlp'], `blocks[${place}].rlp`),
        exceptions: exceptions === undefined ? [] : exceptions.split('|'),
      };
    }),
    lastBlockHash: readHash(fixture['lastblockhash'], 'lastblockhash'),
    post,
    postRoot: post ? undefined : optional(fixture['postStateHash'], 'postStateHash', readHash),
  };
}

/** From the RLP, else from the fields of the header; the two agree when both are there. */
function readGenesis(fixture: JsonObject): { genesis: Header; genesisHash: Hash32 } {
  const rlp = optional(fixture['genesisRLP'], 'genesisRLP', readBytes);
  const fields = optional(fixture['genesisBlockHeader'], 'genesisBlockHeader', readObject);
  if (rlp === undefined && fields === undefined)
    throw new FixtureError('there is neither genesisRLP nor genesisBlockHeader');
  let genesis: Header;
  try {
    genesis = rlp === undefined ? readHeader(fields!) : decodeBlock(rlp).header;
  } catch (error) {
    if (error instanceof FixtureError) throw error;
    throw new FixtureError(`genesisRLP is no block: ${(error as Error).message}`, { cause: error });
  }
  const genesisHash = headerHash(genesis);
  const named = optional(fields?.['hash'], 'genesisBlockHeader.hash', readHash);
  if (named !== undefined && named !== genesisHash)
    throw new FixtureError(`genesisBlockHeader.hash is ${named}, but the genesis block hashes to ${genesisHash}`);
  return { genesis, genesisHash };
}

/** A header as fixtures write it. */
function readHeader(fields: JsonObject): Header {
  const at = (name: string) => `genesisBlockHeader.${name}`;
  const hash = (name: string) => readHash(fields[name], at(name));
  const quantity = (name: string) => readQuantity(fields[name], at(name));
  return {
    parentHash: hash('parentHash'),
    ommersHash: hash('uncleHash'),
    coinbase: readAddress(fields['coinbase'], at('coinbase')),
    stateRoot: hash('stateRoot'),
    transactionsRoot: hash('transactionsTrie'),
    receiptsRoot: hash('receiptTrie'),
    logsBloom: readBytes(fields['bloom'], at('bloom')),
    difficulty: quantity('difficulty'),
    number: toHeight(quantity('number')),
    gasLimit: quantity('gasLimit'),
    gasUsed: quantity('gasUsed'),
    timestamp: quantity('timestamp'),
    extraData: readBytes(fields['extraData'], at('extraData')),
    prevRandao: hash('mixHash'),
    nonce: readBytes(fields['nonce'], at('nonce')),
    baseFeePerGas: quantity('baseFeePerGas'),
    withdrawalsRoot: hash('withdrawalsRoot'),
    blobGasUsed: quantity('blobGasUsed'),
    excessBlobGas: quantity('excessBlobGas'),
    parentBeaconBlockRoot: optional(fields['parentBeaconBlockRoot'], at('parentBeaconBlockRoot'), readHash) ?? zeroHash,
    requestsHash: optional(fields['requestsHash'], at('requestsHash'), readHash),
  };
}

/** A block that was imported, with the state after it. */
export interface ChainBlock {
  header: Header;
  hash: Hash32;
  world: World;
  parent: ChainBlock | undefined;
}

/** The hash of one of the 256 blocks up to `tip`; `undefined` when it has no such ancestor. */
export function ancestorHash(tip: ChainBlock, number: bigint): Uint8Array | undefined {
  for (let block: ChainBlock | undefined = tip; block; block = block.parent) {
    if (block.header.number === number) return hexToBytes(block.hash);
    if (block.header.number < number) return undefined;
  }
  return undefined;
}

/** The parent hash that the RLP of a block names, or `undefined` when it is not readable. */
export function parentHashOf(rlp: Uint8Array): Hash32 | undefined {
  try {
    return toHash32(decodeBlock(rlp).header.parentHash);
  } catch {
    return undefined;
  }
}
