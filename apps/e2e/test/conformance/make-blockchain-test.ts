// Blockchain-test fixtures in the format of execution-spec-tests, made by @ethereumjs/vm: the runner and the engine have
// no part in what they expect.
import { createBlockFromRLP, type Block as VmBlock } from '@ethereumjs/block';
import { createCustomCommon, Mainnet } from '@ethereumjs/common';
import { createEVM } from '@ethereumjs/evm';
import { MerkleStateManager } from '@ethereumjs/statemanager';
import { createTxFromRLP } from '@ethereumjs/tx';
import { Account, createAddressFromString, type WithdrawalData } from '@ethereumjs/util';
import { buildBlock, createVM } from '@ethereumjs/vm';
import {
  decodeBlock,
  encodeBlock,
  headerHash,
  signTransaction,
  transactionsRoot,
  type Authorization,
  type Header,
  type UnsignedTransaction,
} from '@sheaf/ethereum';
import { keccak256, privateKeyToAddress, signDigest } from '@sheaf/crypto';
import type { Fork } from '@sheaf/evm';
import {
  bigintToBytes,
  bytesToBigint,
  bytesToHex,
  concatBytes,
  encodeRlp,
  hexToBytes,
  toAddress,
  type Address,
  type Hash32,
  type Hex,
} from '@sheaf/primitives';
import type { GenesisAccount } from '@sheaf/protocol';
import { genesis } from '@sheaf/state-transition';
import { devChainSpec, type DevAccount } from '@sheaf/testing';
import { lazyKzg } from '../../src/conformance/oracle-executor.ts';
import { readWorld } from '../../src/conformance/world.ts';

export const chainId = 1_234n;
/** Stores the hash of the block before at the block's number, logs the call data as data and the caller as topic. */
const recorder = toAddress('0x00000000000000000000000000000000000c0de1');
const recorderCode = hexToBytes('0x6001430340435536600060003733366000a100');
/** Reverts with one word. */
const reverter = toAddress('0x00000000000000000000000000000000000c0de2');
const reverterCode = hexToBytes('0x602a60005260206000fd');
const coinbase = toAddress('0x00000000000000000000000000000000c01bba5e');
const withdrawn = toAddress('0x00000000000000000000000000000000000d0d0d');
const recipient = toAddress('0x00000000000000000000000000000000000a11ce');
const systemAddresses = [
  '0x000f3df6d732807ef1319fb7b8bb8522d0beac02',
  '0x0000f90827f1c53a10cb7a02335b175320002935',
  '0x00000961ef480eb55e80d19ad83579a64c007002',
  '0x0000bbddc7ce488642fb579f8b00f3a590007251',
].map((address) => toAddress(address));
/** Deploys one byte, STOP. */
const initcode = hexToBytes('0x6001600c60003960016000f300');

type Json = Record<string, unknown>;

export interface MadeChain {
  /** Two valid blocks. */
  fixture: Json & { blocks: Json[]; lastblockhash: Hash32 };
  /** The fixture with the second block replaced by an invalid one. */
  withInvalidBlock(rlp: Uint8Array, exception: string): Json;
  /** The second block with another header. */
  withHeader(change: Partial<Header>): Uint8Array;
  /** The second block with one more transaction, whose root is right. */
  withTransaction(unsigned: Partial<UnsignedTransaction>): Uint8Array;
  lastBlock: Uint8Array;
}

export async function makeBlockchainTest(fork: Fork): Promise<MadeChain> {
  const dev = devChainSpec({ chainId });
  const [first, second] = dev.accounts as [DevAccount, DevAccount];
  const account = (code: Uint8Array): GenesisAccount => ({ balance: 0n, nonce: 1n, code, storage: new Map() });
  const alloc = new Map<Address, GenesisAccount>([
    ...[first, second].map(({ address }): [Address, GenesisAccount] => [
      address,
      { balance: 10n ** 20n, nonce: 0n, code: new Uint8Array(0), storage: new Map() },
    ]),
    [recorder, account(recorderCode)],
    [reverter, account(reverterCode)],
  ]);
  const start = await genesis({ ...dev.spec, fork, genesis: { ...dev.spec.genesis, alloc } });
  for (const address of systemAddresses) {
    const found = start.changes.accounts.find((change) => toAddress(change.address) === address)?.account;
    const code = found && start.changes.codes.get(bytesToHex(found.codeHash) as Hash32);
    if (code) alloc.set(address, account(code));
  }

  const common = createCustomCommon({ chainId: Number(chainId) }, Mainnet, {
    hardfork: fork,
    customCrypto: { kzg: lazyKzg() },
  });
  const stateManager = new MerkleStateManager({ common });
  for (const [address, { balance, nonce, code }] of alloc) {
    await stateManager.putAccount(createAddressFromString(address), new Account(nonce, balance));
    if (code.length > 0) await stateManager.putCode(createAddressFromString(address), code);
  }
  const chain: VmBlock[] = [createBlockFromRLP(start.rlp, { common, setHardfork: false })];
  const blockchain = {
    getBlock: async (number: number) => chain[number]!,
    putBlock: async () => {},
    shallowCopy: () => blockchain,
  };
  const evm = await createEVM({ common, stateManager, blockchain });
  const vm = await createVM({ common, stateManager, blockchain, evm });

  const extend = async (transactions: Uint8Array[], withdrawals: WithdrawalData[]) => {
    const parentBlock = chain.at(-1)!;
    const builder = await buildBlock(vm, {
      parentBlock,
      withdrawals,
      headerData: {
        timestamp: parentBlock.header.timestamp + 12n,
        coinbase,
        mixHash: keccak256(Uint8Array.of(chain.length)),
        parentBeaconBlockRoot: keccak256(Uint8Array.of(0xbe, chain.length)),
      },
      blockOpts: { putBlockIntoBlockchain: false, common, setHardfork: false },
    });
    for (const raw of transactions) {
      await builder.addTransaction(createTxFromRLP(raw, { common }), { allowNoBlobs: true });
    }
    chain.push((await builder.build()).block);
  };

  const created = toAddress(keccak256(encodeRlp([hexToBytes(second.address), new Uint8Array(0)])).subarray(12));
  await extend(
    [
      sign(first, { type: 2, nonce: 0n, to: recipient, value: 5n, gasLimit: 21_000n }),
      sign(first, { type: 0, nonce: 1n, to: recorder, data: Uint8Array.of(1, 2, 3) }),
      sign(second, { type: 1, nonce: 0n, to: undefined, data: initcode }),
      sign(second, { type: 2, nonce: 1n, to: reverter }),
    ],
    [{ index: 0n, validatorIndex: 1n, address: withdrawn, amount: 7n }],
  );
  const key = hexToBytes(`0x${'07'.repeat(32)}`);
  await extend(
    [
      sign(first, { type: 2, nonce: 2n, to: recorder, data: new Uint8Array(40).fill(9) }),
      sign(first, {
        type: 3,
        nonce: 3n,
        to: recorder,
        maxFeePerBlobGas: 100n,
        blobVersionedHashes: [`0x01${'22'.repeat(31)}` as Hash32],
      }),
      ...(fork === 'cancun'
        ? []
        : [
            sign(second, {
              type: 4,
              nonce: 2n,
              to: privateKeyToAddress(key),
              authorizationList: [authorize(key, recorder)],
            }),
          ]),
    ],
    [],
  );

  const rlps = chain.map((block) => block.serialize());
  const last = rlps.at(-1)!;
  const post = await dump(
    stateManager,
    [...alloc.keys(), ...[recipient, coinbase, withdrawn, created, privateKeyToAddress(key)]],
    [...chain.map(({ header }) => header)],
  );
  const stateRoot = decodeBlock(last).header.stateRoot;
  if (readWorld(post, 'post').root() !== stateRoot) throw new Error('the dumped state is not the whole state');
  const fixture = {
    _info: { 'fixture-format': 'blockchain_test' },
    network: fork[0]!.toUpperCase() + fork.slice(1),
    config: { network: fork[0]!.toUpperCase() + fork.slice(1), chainid: `0x${chainId.toString(16)}` },
    genesisBlockHeader: { hash: start.hash },
    genesisRLP: bytesToHex(start.rlp),
    pre: Object.fromEntries(
      [...alloc].map(([address, { balance, nonce, code }]) => [address, json(balance, nonce, code, {})]),
    ),
    blocks: rlps.slice(1).map((rlp): Json => ({ rlp: bytesToHex(rlp) })),
    lastblockhash: headerHash(decodeBlock(last).header),
    postState: post,
    sealEngine: 'NoProof',
  };
  const { postState: _, ...withoutPost } = fixture;
  const firstHeader = decodeBlock(rlps[1]!).header;
  return {
    fixture,
    lastBlock: last,
    withInvalidBlock: (rlp, exception) => ({
      ...withoutPost,
      blocks: [fixture.blocks[0]!, { rlp: bytesToHex(rlp), expectException: exception }],
      lastblockhash: headerHash(firstHeader),
      postStateHash: firstHeader.stateRoot,
    }),
    withHeader: (change) => {
      const block = decodeBlock(last);
      return encodeBlock({ ...block, header: { ...block.header, ...change } });
    },
    withTransaction: (unsigned) => {
      const block = decodeBlock(last);
      const transactions = [
        ...block.transactions,
        sign(second, { type: 2, nonce: fork === 'cancun' ? 2n : 3n, to: recipient, ...unsigned }),
      ];
      return encodeBlock({
        ...block,
        transactions,
        header: { ...block.header, transactionsRoot: transactionsRoot(transactions) },
      });
    },
  };
}

function sign(
  from: DevAccount,
  unsigned: Partial<UnsignedTransaction> & { type: 0 | 1 | 2 | 3 | 4; nonce: bigint },
): Uint8Array {
  const price = { maxFeePerGas: 3_000_000_000n, maxPriorityFeePerGas: unsigned.type < 2 ? 3_000_000_000n : 7n };
  return signTransaction({ chainId, gasLimit: 200_000n, ...price, ...unsigned }, from.privateKey);
}

/** EIP-7702. */
function authorize(key: Uint8Array, address: Address): Authorization {
  const fields = [bigintToBytes(chainId), hexToBytes(address), new Uint8Array(0)];
  const { r, s, yParity } = signDigest(keccak256(concatBytes(Uint8Array.of(5), encodeRlp(fields))), key);
  return { chainId, address, nonce: 0n, yParity, r: bytesToBigint(r), s: bytesToBigint(s) };
}

/** The accounts with every slot that these chains can write. */
async function dump(
  state: MerkleStateManager,
  addresses: Address[],
  headers: { timestamp: bigint; number: bigint }[],
): Promise<Json> {
  const slots = new Set<bigint>([0n, 1n, 2n, 3n]);
  for (const { timestamp, number } of headers) {
    for (const slot of [number, timestamp % 8_191n, (timestamp % 8_191n) + 8_191n, number % 8_191n]) slots.add(slot);
  }
  const accounts: Json = {};
  for (const address of addresses) {
    const at = createAddressFromString(address);
    const found = await state.getAccount(at);
    if (!found) continue;
    const storage: Record<Hex, Hex> = {};
    for (const slot of slots) {
      const value = await state.getStorage(at, hexToBytes(`0x${slot.toString(16).padStart(64, '0')}`));
      if (value.length > 0) storage[`0x${slot.toString(16)}`] = bytesToHex(value);
    }
    accounts[address] = json(found.balance, found.nonce, await state.getCode(at), storage);
  }
  return accounts;
}

function json(balance: bigint, nonce: bigint, code: Uint8Array, storage: Record<Hex, Hex>): Json {
  return { balance: `0x${balance.toString(16)}`, nonce: `0x${nonce.toString(16)}`, code: bytesToHex(code), storage };
}
