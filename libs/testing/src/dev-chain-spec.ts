import { blsProvePossession, blsPublicKey, keccak256, privateKeyToAddress } from '@sheaf/crypto';
import { toAddress, type Address } from '@sheaf/primitives';
import { formatChainSpec, type ChainSpec, type GenesisAccount } from '@sheaf/protocol';
import { mnemonicToAccount } from 'viem/accounts';

/** The development mnemonic that every Ethereum tool knows. Public knowledge: never fund these accounts on a real chain. */
export const devMnemonic = 'test test test test test test test test test test test junk';

/** The devnet's EIP-155 chain id. */
export const devChainId = 74_323n;

const accountsTotal = 10;
const validatorsTotal = 3;
const daNodesTotal = 2;
const etherEach = 10_000n * 10n ** 18n;
const stakeGweiEach = 32_000_000_000n;

/** An account with its key. */
export interface DevAccount {
  address: Address;
  privateKey: Uint8Array;
}

/** A chain for development: its specification, and all of its keys. */
export interface DevChain {
  spec: ChainSpec;
  /** As `parseChainSpec` reads it. */
  json: unknown;
  /** BLS secrets by validator index. */
  validatorKeys: Uint8Array[];
  /** BLS secrets by committee index. */
  daKeys: Uint8Array[];
  /** m/44'/60'/0'/0/i of `devMnemonic`, 10,000 ether each. */
  accounts: DevAccount[];
}

/**
 * The devnet's chain: Osaka, three validators of equal stake, two DA nodes of which one may be lost. The same at every call: all keys
 * are derived from public constants and protect nothing. `alloc` adds accounts, or replaces some.
 */
export function devChainSpec(
  options: { alloc?: ReadonlyMap<Address, GenesisAccount>; chainId?: bigint } = {},
): DevChain {
  const accounts = devAccounts();
  const validatorKeys = devKeys('validator', validatorsTotal);
  const daKeys = devKeys('da', daNodesTotal);
  const funded = accounts.map(({ address }): [Address, GenesisAccount] => [
    address,
    { balance: etherEach, nonce: 0n, code: new Uint8Array(0), storage: new Map() },
  ]);
  const spec: ChainSpec = {
    chainId: options.chainId ?? devChainId,
    fork: 'osaka',
    genesis: {
      // 2026-01-01T00:00:00Z
      timestamp: 1_767_225_600n,
      gasLimit: 60_000_000n,
      baseFeePerGas: 1_000_000_000n,
      extraData: new TextEncoder().encode('sheaf devnet'),
      alloc: new Map([...funded, ...(options.alloc ?? [])]),
    },
    feeRecipient: toAddress(keccak256(new TextEncoder().encode('sheaf devnet fees')).slice(12)),
    validators: validatorKeys.map((secret) => ({ ...provenKey(secret), stakeGwei: stakeGweiEach })),
    // Each node holds half of the columns: either half restores a blob, and a certificate needs both signatures.
    da: { nodes: daKeys.map(provenKey), lostNodesMax: 1, columnsPerNode: 64 },
  };
  return { spec, json: formatChainSpec(spec), validatorKeys, daKeys, accounts };
}

function devAccounts(): DevAccount[] {
  // One derivation to the parent: the mnemonic's key stretching is slow.
  const parent = mnemonicToAccount(devMnemonic, { path: "m/44'/60'/0'/0" }).getHdKey();
  return Array.from({ length: accountsTotal }, (_, index) => {
    const privateKey = parent.deriveChild(index).privateKey!;
    return { address: privateKeyToAddress(privateKey), privateKey };
  });
}

function devKeys(role: string, total: number): Uint8Array[] {
  return Array.from({ length: total }, (_, index) => {
    const secret = keccak256(new TextEncoder().encode(`sheaf devnet ${role} key ${index}, known to everyone`));
    // Below the group's order, which begins with 0x73.
    secret[0]! &= 0x3f;
    return secret;
  });
}

function provenKey(secret: Uint8Array): { publicKey: Uint8Array; proofOfPossession: Uint8Array } {
  return { publicKey: blsPublicKey(secret), proofOfPossession: blsProvePossession(secret) };
}
