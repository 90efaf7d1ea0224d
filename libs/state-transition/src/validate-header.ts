import { emptyOmmersHash, headerHash, nextBaseFee, nextExcessBlobGas, type Header } from '@sheaf/ethereum';
import type { ForkRules } from './fork-rules.ts';

/** What of a header can be wrong: the others are free. */
export type HeaderField = Exclude<keyof Header, 'coinbase' | 'prevRandao' | 'parentBeaconBlockRoot'>;

export interface HeaderFault {
  field: HeaderField;
  message: string;
}

const gasLimitMin = 5_000n;
const gasLimitMax = 2n ** 63n - 1n;
/** A block's gas limit is less than one part in so many away from its parent's. */
const gasLimitBoundDivisor = 1_024n;

/** Why the header cannot come after its parent, as far as it alone can tell. */
export function refuseHeader(header: Header, parent: Header, rules: ForkRules): HeaderFault | undefined {
  const expected = (field: HeaderField, want: unknown): HeaderFault | undefined =>
    header[field] === want
      ? undefined
      : { field, message: `${field} is ${String(header[field])}, not ${String(want)}` };
  return (
    expected('parentHash', headerHash(parent)) ??
    expected('number', parent.number + 1n) ??
    refuseGas(header, parent) ??
    (header.timestamp > parent.timestamp
      ? undefined
      : { field: 'timestamp', message: `timestamp ${header.timestamp} is not after the parent's` }) ??
    expected('baseFeePerGas', nextBaseFee(parent)) ??
    (header.extraData.length <= 32 ? undefined : { field: 'extraData', message: 'extraData is over 32 bytes' }) ??
    expected('difficulty', 0n) ??
    (header.nonce.every((byte) => byte === 0) ? undefined : { field: 'nonce', message: 'nonce is not zero' }) ??
    expected('ommersHash', emptyOmmersHash) ??
    expected('excessBlobGas', nextExcessBlobGas(parent, rules.blobs, rules.osaka)) ??
    ((header.requestsHash !== undefined) === rules.prague
      ? undefined
      : { field: 'requestsHash', message: `requestsHash ${rules.prague ? 'is missing' : 'came with Prague'}` })
  );
}

function refuseGas(header: Header, parent: Header): HeaderFault | undefined {
  const { gasLimit, gasUsed } = header;
  const bound = parent.gasLimit / gasLimitBoundDivisor;
  if (gasLimit >= parent.gasLimit + bound || gasLimit <= parent.gasLimit - bound) {
    return { field: 'gasLimit', message: `gasLimit ${gasLimit} is too far from the parent's ${parent.gasLimit}` };
  }
  if (gasLimit < gasLimitMin || gasLimit > gasLimitMax) {
    return { field: 'gasLimit', message: `gasLimit ${gasLimit} is out of bounds` };
  }
  return gasUsed <= gasLimit ? undefined : { field: 'gasUsed', message: `gasUsed ${gasUsed} is above ${gasLimit}` };
}
