import { sizes, type Mcl } from './mcl.ts';

/** Where the next pair of points is to be put. */
export interface Pairs {
  nextG1: number;
  nextG2: number;
}

/** So many pairs share one loop; more would only take memory. */
const pairsMax = 64;

/**
 * Whether the product of `count` pairings is one; `undefined` when `read` refuses a pair. `read` puts the pair that
 * is at `offset` of the input to the addresses it is given; pairs with infinity count as one.
 */
export function pairingIsOne(
  mcl: Mcl,
  count: number,
  pairBytes: number,
  read: (pairs: Pairs, offset: number) => boolean,
): boolean | undefined {
  const { c } = mcl;
  const points = c._malloc(pairsMax * (sizes.g1 + sizes.g2) + 2 * sizes.gt);
  try {
    const g2 = points + pairsMax * sizes.g1;
    const product = g2 + pairsMax * sizes.g2;
    const factor = product + sizes.gt;
    let waiting = 0;
    let started = false;
    const multiply = () => {
      c._mclBn_millerLoopVec(started ? factor : product, points, g2, waiting);
      if (started) c._mclBnGT_mul(product, product, factor);
      started = true;
      waiting = 0;
    };
    for (let pair = 0; pair < count; pair++) {
      const next = { nextG1: points + waiting * sizes.g1, nextG2: g2 + waiting * sizes.g2 };
      if (!read(next, pair * pairBytes)) return undefined;
      if (c._mclBnG1_isZero(next.nextG1) === 0 && c._mclBnG2_isZero(next.nextG2) === 0) waiting++;
      if (waiting === pairsMax) multiply();
    }
    if (waiting > 0) multiply();
    if (!started) return true;
    c._mclBn_finalExp(product, product);
    return c._mclBnGT_isOne(product) === 1;
  } finally {
    c._free(points);
  }
}
