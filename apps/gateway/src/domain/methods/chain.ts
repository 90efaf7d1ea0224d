import { keccak256 } from '@sheaf/crypto';
import { bytesToHex, limits } from '@sheaf/primitives';
import { invalidParams } from '../../errors.ts';
import { historyBlocksMax } from '../fees.ts';
import { quantity } from '../json.ts';
import { method, type Method } from '../json-rpc.ts';
import { blockName, bytes, count, list, optional, required, type Parse } from '../params.ts';
import { resolveHeight } from '../block-ref.ts';
import type { Gateway, Json } from './gateway.ts';

/** Blocks behind execution from which `eth_syncing` says so. */
const syncingFrom = 16n;
/** EIP-4844's least blob base fee. Sheaf has no blob transactions, so it never rises. */
const blobBaseFee = '0x1';

/** Names, versions, heads and fees. */
export function chainMethods(gateway: Gateway): Record<string, Method> {
  const { chainId, heads, fees } = gateway;
  return {
    web3_clientVersion: method([], () => `sheaf/v${gateway.version}`),
    web3_sha3: method([required('data', bytes(limits.jsonRpcBodyBytesMax))], ([data]) => bytesToHex(keccak256(data))),
    net_version: method([], () => chainId.toString()),
    net_listening: method([], () => true),
    net_peerCount: method([], () => '0x0'),
    eth_chainId: method([], () => quantity(chainId)),
    eth_syncing: method([], () => syncing(gateway)),
    eth_accounts: method([], () => []),
    eth_blockNumber: method([], () => quantity(heads.latest().header.number)),
    eth_gasPrice: method([], async () => quantity(fees.nextBaseFee() + (await fees.suggestedTip()))),
    eth_maxPriorityFeePerGas: method([], async () => quantity(await fees.suggestedTip())),
    eth_blobBaseFee: method([], () => blobBaseFee),
    eth_feeHistory: method(
      [
        required('blockCount', count),
        required('newestBlock', blockName),
        optional('rewardPercentiles', percentiles, undefined),
      ],
      async ([blockCount, newest, wanted]) => {
        const height = await resolveHeight(newest, gateway);
        if (blockCount === 0n) return { oldestBlock: '0x0', gasUsedRatio: [] };
        const clamped = blockCount > historyBlocksMax ? historyBlocksMax : blockCount;
        return feeHistoryJson(await fees.history(height, clamped, wanted));
      },
    ),
  };
}

async function syncing({ heads, blocks }: Gateway): Promise<false | Json> {
  const current = heads.ready() ? heads.latest().header.number : 0n;
  const { height } = await blocks.head();
  if (height < current + syncingFrom) return false;
  return { startingBlock: '0x0', currentBlock: quantity(current), highestBlock: quantity(height) };
}

const percentile: Parse<number> = (value, path) => {
  if (typeof value !== 'number' || !(value >= 0 && value <= 100)) throw invalidParams(path, 'must be 0 to 100');
  return value;
};

const percentiles: Parse<number[]> = (value, path) => {
  const numbers = list(percentile, 100)(value, path);
  const fall = numbers.findIndex((number, index) => index > 0 && number < numbers[index - 1]!);
  if (fall !== -1) throw invalidParams(`${path}[${fall}]`, 'must not be below the one before');
  return numbers;
};

function feeHistoryJson(history: Awaited<ReturnType<Gateway['fees']['history']>>): Json {
  return {
    oldestBlock: quantity(history.oldest),
    baseFeePerGas: history.baseFees.map(quantity),
    gasUsedRatio: history.gasUsedRatios,
    baseFeePerBlobGas: history.baseFees.map(() => blobBaseFee),
    blobGasUsedRatio: history.gasUsedRatios.map(() => 0),
    ...(history.rewards && { reward: history.rewards.map((block) => block.map(quantity)) }),
  };
}
