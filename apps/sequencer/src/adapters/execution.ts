import { keccak256 } from '@sheaf/crypto';
import { decodeBlock, encodeHeader } from '@sheaf/ethereum';
import { ChainError, equalBytes, toHash32, toHeight, type Address, type Height } from '@sheaf/primitives';
import {
  blockFromWire,
  blockSelectorToWire,
  type executionV1,
  hexToBuffer,
  wire,
  type BlockSelector,
} from '@sheaf/proto';
import type { RpcClient } from '@sheaf/rpc';
import type { AccountSnapshot } from '../domain/admission.ts';
import type { ExecutedBlock, ExecutionPort } from '../ports.ts';
import { executedBlock } from './announcements.ts';

type Client = RpcClient<typeof executionV1.ExecutionServiceService>;

const emptyCodeHash = toHash32(keccak256(new Uint8Array(0)));
/** EIP-7702: the code of an account that delegates. */
const delegationPrefix = Uint8Array.of(0xef, 0x01, 0x00);
const delegationBytes = 23;
const accountsPerCall = 1_000;

/** The execution service over gRPC. */
export function createExecutionPort(options: { deadlineMs: number }, deps: { client: Client }): ExecutionPort {
  const { client } = deps;
  const call = { deadlineMs: options.deadlineMs };

  const fetchBlock = async (height: Height): Promise<ExecutedBlock> => {
    const block = blockSelectorToWire({ kind: 'height', height });
    const record = blockFromWire((await client.getBlock({ block }, call)).block, 'response.block');
    if (record.height !== height) throw wrongAnswer(`block ${record.height}`, `block ${height}`);
    return executedBlock(record, encodeHeader(decodeBlock(record.rlp).header));
  };

  const isDelegation = async (address: Address, block: BlockSelector): Promise<boolean> => {
    const selector = blockSelectorToWire(block);
    const { code } = await client.getCode({ block: selector, address: hexToBuffer(address) }, call);
    return code.length === delegationBytes && equalBytes(code.subarray(0, 3), delegationPrefix);
  };

  const fetchAccounts = async (addresses: readonly Address[], block: BlockSelector) => {
    const request = { block: blockSelectorToWire(block), addresses: addresses.map(hexToBuffer) };
    const response = await client.getAccounts(request, call);
    const list = wire.list(response.accounts, { min: addresses.length, max: addresses.length }, 'response.accounts');
    const height = toHeight(response.height);
    const at = { kind: 'height', height } as const;
    const entries = await Promise.all(
      list.map(async (account, i): Promise<[Address, AccountSnapshot]> => {
        const field = `response.accounts.${i}`;
        const address = wire.address(account.address, `${field}.address`);
        if (address !== addresses[i]) throw wrongAnswer(`account ${address}`, `account ${addresses[i]}`);
        const hasCode = wire.hash(account.codeHash, `${field}.codeHash`) !== emptyCodeHash;
        const code = !hasCode ? 'none' : (await isDelegation(address, at)) ? 'delegation' : 'contract';
        return [address, { nonce: account.nonce, balance: wire.quantity(account.balance, `${field}.balance`), code }];
      }),
    );
    return { height, entries };
  };

  return {
    async genesis() {
      const { hash, header } = await fetchBlock(toHeight(0));
      return { hash, header };
    },
    async head() {
      return toHeight((await client.getStatus({}, call)).height);
    },
    block: fetchBlock,
    async accounts(addresses, at) {
      const first = await fetchAccounts(addresses.slice(0, accountsPerCall), selector(at));
      const rest = chunks(addresses.slice(accountsPerCall), accountsPerCall);
      // One height for all, although the head may move between the calls.
      const others = await Promise.all(rest.map((part) => fetchAccounts(part, selector(first.height))));
      return { height: first.height, accounts: new Map([first, ...others].flatMap(({ entries }) => entries)) };
    },
  };
}

function selector(height: Height | undefined): BlockSelector {
  return height === undefined ? { kind: 'head' } : { kind: 'height', height };
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

function wrongAnswer(got: string, wanted: string): ChainError {
  return new ChainError({ code: 'DATA_LOSS', message: `execution answered ${got} when asked for ${wanted}` });
}
