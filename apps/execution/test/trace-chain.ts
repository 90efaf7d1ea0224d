// A chain of a few blocks whose transactions do what a trace can tell: nested messages of every kind, failures of every kind.
import { privateKeyToAddress, signDigest } from '@sheaf/crypto';
import { authorizationDigest, signTransaction, type Authorization, type UnsignedTransaction } from '@sheaf/ethereum';
import {
  bytesToBigint,
  bytesToHex,
  hexToBytes,
  toAddress,
  type Address,
  type Hash32,
  type Hex,
} from '@sheaf/primitives';
import { sealChain, type ReferenceChain } from './reference-chain.ts';

const at = (fill: string): Address => toAddress(`0x${fill.repeat(20)}`);

/** SSTORE(7, CALLDATALOAD(0)), a log with two topics, returns what slot 7 had before. */
export const store = at('a1');
/** Reverts with Error("no"). */
export const reverts = at('a2');
/** Loops until its gas is gone. */
export const burns = at('a3');
/** Takes from an empty stack. */
export const underflows = at('a4');
/** 0x0c is no instruction. */
export const undefinedCode = at('a5');
/** Jumps to where no JUMPDEST is. */
export const jumpsAstray = at('a6');
/** Logs, then halts with INVALID. */
export const logsAndFails = at('a7');
/** Ends without a STOP, its last instruction being a call that it cannot pay for. */
export const endsOpen = at('a8');
/** Destroys itself in favour of the caller of the transaction. */
export const destroys = at('a9');
/** Calls all of these. */
export const callsAll = at('b1');
/** Creates contracts in every way, also in vain. */
export const createsAll = at('b2');
/** Clears slot 1, sets and clears slot 2, stores transiently. */
export const refunds = at('b3');
/** Calls itself until the gas is gone. */
export const recurses = at('b4');
/** Reads what others have: balances, code sizes, hashes, codes; block hashes. */
export const looks = at('b5');

const hex = (value: bigint | number, bytes = 1): string => value.toString(16).padStart(bytes * 2, '0');
const push = (value: bigint | number | Hex): string => {
  const digits = typeof value === 'string' ? value.slice(2) : hex(value, Math.ceil(value.toString(16).length / 2));
  return hex(0x5f + digits.length / 2) + digits;
};
type CallKind = 'call' | 'callcode' | 'delegatecall' | 'staticcall';
const callCodes = { call: 'f1', callcode: 'f2', delegatecall: 'f4', staticcall: 'fa' };
/** Leaves nothing on the stack. */
function call(
  kind: CallKind,
  to: Hex,
  options: { value?: number | bigint; gas?: number; input?: number } = {},
): string {
  const { value = 0, gas = 60_000, input = 32 } = options;
  const withValue = kind === 'call' || kind === 'callcode';
  return `${push(32)}${push(64)}${push(input)}${push(0)}${withValue ? push(value) : ''}${push(to)}${push(gas)}${callCodes[kind]}50`;
}
/** Init code that deploys `code`, of at most 32 bytes. */
const deploying = (code: string): string =>
  `${push(`0x${code}`)}${push(0)}52${push(code.length / 2)}${push(32 - code.length / 2)}f3`;
/** Creates with the init code, of at most 32 bytes; leaves the address. */
function create(init: string, options: { salt?: number; value?: number | bigint } = {}): string {
  const { salt, value = 0 } = options;
  const size = init.length / 2;
  const tail = `${push(size)}${push(32 - size)}${push(value)}`;
  return `${push(`0x${init}`)}${push(0)}52${salt === undefined ? `${tail}f0` : `${push(salt)}${tail}f5`}`;
}

const fiveKey = new Uint8Array(32).fill(5);
const errorNo = `08c379a0${hex(32, 32)}${hex(2, 32)}${'6e6f'.padEnd(64, '0')}`;
const codes: [Address, string][] = [
  [
    store,
    `${push(7)}54${push(0)}35${push(7)}55${push(2)}${push(1)}${push(4)}${push(28)}a2${push(0)}52${push(32)}${push(0)}f3`,
  ],
  [
    reverts,
    `${[0, 1, 2, 3, 4].map((n) => `7f${errorNo.padEnd(320, '0').slice(n * 64, n * 64 + 64)}${push(n * 32)}52`).join('')}${push(100)}${push(0)}fd`,
  ],
  [burns, `5b${push(0)}56`],
  [underflows, `${push(1)}01`],
  [undefinedCode, `${push(1)}0c`],
  [jumpsAstray, `${push(3)}56`],
  [logsAndFails, `${push(0)}${push(0)}a0${call('call', store)}fe`],
  [endsOpen, `${push(0)}${push(0)}${push(0)}${push(0)}${push(10n ** 20n)}${push(store)}${push(5_000)}f1`],
  [destroys, '32ff'],
  [
    callsAll,
    `${push(5)}${push(0)}52` +
      call('call', store, { value: 3 }) +
      call('delegatecall', store) +
      call('callcode', store, { value: 1 }) +
      call('staticcall', store) +
      call('staticcall', `0x${hex(4, 20)}`) +
      call('call', `0x${hex(6, 20)}`, { input: 64, gas: 1_000 }) +
      call('call', reverts) +
      call('call', burns, { gas: 500 }) +
      call('call', underflows) +
      call('call', undefinedCode) +
      call('call', jumpsAstray) +
      call('call', logsAndFails) +
      call('call', endsOpen) +
      call('call', store, { value: 10n ** 20n }) +
      call('call', store, { gas: 30_000 }) +
      call('call', destroys) +
      call('call', at('77'), { value: 2 }) +
      `${push(32)}${push(0)}f3`,
  ],
  [
    createsAll,
    `${create(deploying('32ff'))}80${push(0)}${push(0)}${push(0)}${push(0)}${push(0)}94${push(50_000)}f15050` +
      `${create(deploying('00'), { salt: 1, value: 1 })}50` +
      `${create(deploying('00'), { salt: 1 })}50` +
      `${create(deploying('ef'))}50` +
      `${create('5f5ffd')}50` +
      `${create('fe')}50` +
      `${create(deploying('00'), { value: 10n ** 20n })}50` +
      // 16 KiB of code, for which the gas does not last.
      `${create(`${push(0x4000)}${push(0)}f3`)}50` +
      '3d5f5f3e00',
  ],
  [refunds, `${push(0)}${push(1)}55${push(9)}${push(2)}55${push(0)}${push(2)}55${push(1)}${push(0)}5d${push(0)}5c50`],
  [recurses, `${push(0)}${push(0)}${push(0)}${push(0)}${push(0)}305af1`],
  [
    looks,
    `${push(store)}31${push(reverts)}3b01${push(at('78'))}3f01${push(20)}${push(0)}${push(0)}${push(burns)}3c` +
      `${push(1)}430340014401${push(7)}54014760015f5260205ff3`,
  ],
];

export interface TraceChain extends ReferenceChain {
  codes: [Address, Uint8Array][];
  /** Of block 2, in order. */
  transactions: Uint8Array[];
}

/** Block 1 has transfers, block 2 what is traced, block 3 a transfer. */
export async function traceChain(): Promise<TraceChain> {
  const alloc = new Map(
    codes.map(([address, code]) => {
      const storage = new Map<Hash32, Hash32>(address === refunds ? [[word(1), word(1)]] : []);
      return [address, { balance: 1_000n, nonce: 1n, code: hexToBytes(`0x${code}`), storage }] as const;
    }),
  );
  const transactions: Uint8Array[] = [];
  const chain = await sealChain(3, { alloc }, (i, spec, accounts) => {
    const [sender] = accounts;
    let nonce = i === 0 ? 0n : 2n;
    const signed = (fields: Partial<UnsignedTransaction>) =>
      signTransaction(
        {
          type: fields.authorizationList === undefined ? 2 : 4,
          chainId: spec.chainId,
          nonce: nonce++,
          maxFeePerGas: 3_000_000_000n,
          maxPriorityFeePerGas: 1n,
          gasLimit: 1_000_000n,
          ...fields,
        },
        sender!.privateKey,
      );
    if (i === 0) {
      return [at('79'), privateKeyToAddress(fiveKey)].map((to) => signed({ to, value: 1n, gasLimit: 21_000n }));
    }
    if (i === 2) return [];
    transactions.push(
      signed({ to: callsAll, data: hexToBytes(word(1)), value: 50n }),
      signed({ to: createsAll, gasLimit: 2_000_000n }),
      signed({ data: hexToBytes(`0x${deploying('32ff')}`), value: 4n }),
      signed({ data: hexToBytes('0x5f5ffd') }),
      signed({ to: refunds }),
      signed({ to: reverts }),
      signed({ to: burns, gasLimit: 30_000n }),
      signed({ to: recurses, gasLimit: 200_000n }),
      signed({ to: looks }),
      signed({ to: at('80'), value: 7n, gasLimit: 21_000n }),
      signed({ to: toAddress(`0x${hex(4, 20)}`), data: hexToBytes('0x0102'), gasLimit: 40_000n }),
      signed({ to: destroys, gasLimit: 60_000n }),
      // Two accounts that are there, and one of a nonce that it has not.
      signed({
        to: accounts[3]!.address,
        data: hexToBytes(word(9)),
        authorizationList: [
          authorize(store, 0n, accounts[3]!.privateKey),
          authorize(store, 0n, fiveKey),
          authorize(store, 5n, accounts[4]!.privateKey),
        ],
      }),
      signed({ to: refunds }),
      signed({ type: 0, maxPriorityFeePerGas: 3_000_000_000n, to: store, data: hexToBytes(word(3)) }),
      signed({ type: 0, chainId: undefined, maxPriorityFeePerGas: 3_000_000_000n, to: looks }),
      signed({
        type: 1,
        maxPriorityFeePerGas: 3_000_000_000n,
        to: store,
        data: hexToBytes(word(4)),
        accessList: [{ address: store, storageKeys: [word(7), word(8)] }],
      }),
    );
    return transactions;
  });
  return { ...chain, codes: codes.map(([address, code]) => [address, hexToBytes(`0x${code}`)]), transactions };
}

function authorize(address: Address, nonce: bigint, privateKey: Uint8Array): Authorization {
  const fields = { chainId: 0n, address, nonce };
  const { r, s, yParity } = signDigest(authorizationDigest(fields), privateKey);
  return { ...fields, r: bytesToBigint(r), s: bytesToBigint(s), yParity };
}

export function word(value: number): Hash32 {
  return bytesToHex(hexToBytes(`0x${hex(value, 32)}`)) as Hash32;
}
