import type { BlockEnvironment } from '@sheaf/evm';
import { blobBaseFee, type Header } from '@sheaf/ethereum';
import type { ForkRules } from './fork-rules.ts';

type SeenFields = 'coinbase' | 'number' | 'timestamp' | 'prevRandao' | 'gasLimit' | 'baseFeePerGas' | 'excessBlobGas';

/** What the transactions of a block see of its header. */
export function environmentOf(header: Pick<Header, SeenFields>, rules: ForkRules): BlockEnvironment {
  const { coinbase, number, timestamp, prevRandao, gasLimit, baseFeePerGas, excessBlobGas } = header;
  const blobPrice = blobBaseFee(excessBlobGas, rules.blobs);
  return { coinbase, number, timestamp, prevRandao, gasLimit, baseFeePerGas, blobBaseFee: blobPrice };
}
