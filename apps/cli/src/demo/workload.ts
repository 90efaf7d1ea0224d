import { devToken } from '@sheaf/contracts';
import { keccak256, privateKeyToAddress } from '@sheaf/crypto';
import { signTransaction } from '@sheaf/ethereum';
import { bytesToHex, hexToBytes, toAddress, type Address, type Hex } from '@sheaf/primitives';
import { encodeDeployData, encodeFunctionData, getContractAddress } from 'viem';

export interface Account {
  address: Address;
  privateKey: Uint8Array;
}

export interface WorkloadOptions {
  chainId: bigint;
  /** Pays for everything; its nonce must be 0. */
  owner: Account;
  senders: number;
  /** A multiple of the number of senders. */
  transfers: number;
}

/** A signed transaction. */
export interface SignedTransaction {
  hash: Hex;
  raw: Hex;
  sender: Address;
}

/** Everything that the demo sends, signed, and what it must lead to. */
export interface Workload {
  token: Address;
  deploy: SignedTransaction;
  /** Ether and tokens for the senders, from the owner. */
  funding: SignedTransaction[];
  /** In an order in which every sender's nonces rise. */
  transfers: SignedTransaction[];
  /** Token balance of every account that ever held any. */
  tokenBalances: Map<Address, bigint>;
  /** Ether that each sender was given, before fees. */
  etherPerSender: bigint;
  senders: Account[];
}

const ether = 10n ** 18n;
const etherPerSender = 10n * ether;
const supply = 1_000_000n * ether;
const tokensPerSender = 1_000n * ether;
/** Far above what the base fee can rise to here; what is not needed is not charged. */
const maxFeePerGas = 100_000_000_000n;
const maxPriorityFeePerGas = 1_000_000_000n;
const deployGas = 2_000_000n;
const transferGas = 100_000n;
const plainGas = 21_000n;

/** A function of its options alone: the same chain gives the same hashes. */
export function createWorkload(options: WorkloadOptions): Workload {
  const { owner } = options;
  const senders = Array.from({ length: options.senders }, (_, i) => accountOf(`sheaf demo sender ${i}`));
  const token = toAddress(getContractAddress({ from: owner.address, nonce: 0n }));
  const tokenBalances = new Map<Address, bigint>([[owner.address, supply]]);
  const move = (from: Address, to: Address, amount: bigint): void => {
    tokenBalances.set(from, (tokenBalances.get(from) ?? 0n) - amount);
    tokenBalances.set(to, (tokenBalances.get(to) ?? 0n) + amount);
  };
  const nonces = new Map<Address, bigint>();
  const sign = (
    from: Account,
    fields: { to?: Address; value?: bigint; data?: Hex; gasLimit: bigint },
  ): SignedTransaction => {
    const nonce = nonces.get(from.address) ?? 0n;
    nonces.set(from.address, nonce + 1n);
    const { to, value = 0n, data = '0x', gasLimit } = fields;
    const unsigned = {
      type: 2,
      chainId: options.chainId,
      nonce,
      gasLimit,
      to,
      value,
      data: hexToBytes(data),
      maxFeePerGas,
      maxPriorityFeePerGas,
    } as const;
    const raw = signTransaction(unsigned, from.privateKey);
    return { hash: bytesToHex(keccak256(raw)), raw: bytesToHex(raw), sender: from.address };
  };
  const transfer = (from: Account, to: Address, amount: bigint): SignedTransaction => {
    move(from.address, to, amount);
    const data = encodeFunctionData({ abi: devToken.abi, functionName: 'transfer', args: [to, amount] });
    return sign(from, { to: token, data, gasLimit: transferGas });
  };

  const deploy = sign(owner, {
    data: encodeDeployData({ ...devToken, args: ['Demo', 'DEMO', supply] }),
    gasLimit: deployGas,
  });
  const funding = senders.flatMap((sender) => [
    sign(owner, { to: sender.address, value: etherPerSender, gasLimit: plainGas }),
    transfer(owner, sender.address, tokensPerSender),
  ]);
  const transfers = Array.from({ length: options.transfers }, (_, i) => {
    const from = senders[i % senders.length]!;
    // Every third goes to another sender, so that balances depend on the order; the others to accounts that did not exist.
    const to = i % 3 === 0 ? senders[(i * 7 + 1) % senders.length]! : accountOf(`sheaf demo recipient ${i % 97}`);
    return transfer(from, to.address, BigInt(i + 1) * 10n ** 12n);
  });
  return { token, deploy, funding, transfers, tokenBalances, etherPerSender, senders };
}

const accounts = new Map<string, Account>();

/** An account from a name: its key is the hash of the name, so it is public knowledge. */
function accountOf(name: string): Account {
  const known = accounts.get(name);
  if (known) return known;
  const privateKey = keccak256(new TextEncoder().encode(name));
  const account = { privateKey, address: privateKeyToAddress(privateKey) };
  accounts.set(name, account);
  return account;
}
