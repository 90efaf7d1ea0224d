import type { Height } from '@sheaf/primitives';
import type { Witness } from '@sheaf/state-transition';

/** Witnesses that are kept: every validator asks for each of them, at nearly the same time. */
const witnessesMax = 8;

/** Makes each witness once for all who ask for it while it is among the last ones. A failure is not kept. */
export function shareWitnesses(make: (height: Height) => Promise<Witness>): (height: Height) => Promise<Witness> {
  const known = new Map<Height, Promise<Witness>>();
  return (height) => {
    const found = known.get(height);
    if (found !== undefined) return found;
    const making = make(height);
    known.set(height, making);
    making.catch(() => known.delete(height));
    if (known.size > witnessesMax) known.delete(known.keys().next().value!);
    return making;
  };
}
