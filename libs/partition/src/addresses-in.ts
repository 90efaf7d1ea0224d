/** Arguments of a call that are looked at. */
const argumentsMax = 8;

/** Arguments that look like addresses: twelve zeros, and not many more. Views. */
export function addressesIn(data: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 4, words = 0; at + 32 <= data.length && words < argumentsMax; at += 32, words++) {
    let zeros = 0;
    while (zeros < 32 && data[at + zeros] === 0) zeros += 1;
    if (zeros >= 12 && zeros < 16) found.push(data.subarray(at + 12, at + 32));
  }
  return found;
}
