// Goal: the price of blobs and its movement are Ethereum's under each fork's schedule.
// Method: known values where the price steps; random parents against @ethereumjs/block.
import { createBlockHeader, paramsBlock } from '@ethereumjs/block';
import { createCustomCommon, Mainnet } from '@ethereumjs/common';
import fc from 'fast-check';
import { blobBaseFee, gasPerBlob, nextExcessBlobGas } from './blob-gas.ts';

const schedules = {
  cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477n },
  prague: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716n },
  osaka: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716n },
};

test('the price is 1 wei without excess and steps where e^x does', () => {
  const price = (excess: bigint) => blobBaseFee(excess, schedules.cancun);
  expect([0n, 2_314_057n, 2_314_058n, 10_485_760n].map(price)).toEqual([1n, 1n, 2n, 23n]);
});

test.each(['cancun', 'prague', 'osaka'] as const)('%s: price and next excess are the oracle’s', (fork) => {
  const common = createCustomCommon({ chainId: 1 }, Mainnet, { hardfork: fork, params: paramsBlock });
  const schedule = schedules[fork];
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 400 }),
      fc.integer({ min: 0, max: schedule.max }),
      fc.bigInt({ min: 7n, max: 10n ** 12n }),
      (excessBlobs, blobs, baseFeePerGas) => {
        const excessBlobGas = BigInt(excessBlobs) * gasPerBlob;
        const parent = { excessBlobGas, blobGasUsed: BigInt(blobs) * gasPerBlob, baseFeePerGas };
        const header = createBlockHeader(parent, { common, skipConsensusFormatValidation: true });
        expect(blobBaseFee(excessBlobGas, schedule)).toBe(header.getBlobGasPrice());
        expect(nextExcessBlobGas(parent, schedule, fork === 'osaka')).toBe(header.calcNextExcessBlobGas(common));
      },
    ),
  );
});
