// A state-test fixture whose expectations are computed by @ethereumjs/vm.
import { createOracle } from '../../src/conformance/oracle-executor.ts';
import { hashLogs } from '../../src/conformance/logs-hash.ts';
import { readStateTest } from '../../src/conformance/state-test.ts';

const zero = `0x${'00'.repeat(32)}`;
/** Stores 1 at 0, logs nothing, returns 32 bytes. */
const contract = '0x0000000000000000000000000000000000001234';

export type StateFixture = Awaited<ReturnType<typeof makeStateTest>>;

/** A call from a known key to a contract that stores and logs, for one fork. */
export async function makeStateTest(fork: 'Cancun' | 'Prague' | 'Osaka', change: Record<string, unknown> = {}) {
  const post: Record<string, unknown> = { hash: zero, indexes: { data: 0, gas: 0, value: 0 } };
  const fixture = {
    env: {
      currentCoinbase: '0x2adc25665018aa1fe0e6bc666dac8fc2697ff9ba',
      currentGasLimit: '0x07270e00',
      currentNumber: '0x01',
      currentTimestamp: '0x03e8',
      currentRandom: '0x00',
      currentDifficulty: '0x00',
      currentBaseFee: '0x07',
      currentExcessBlobGas: '0x00',
    },
    pre: {
      [contract]: { nonce: '0x01', balance: '0x00', code: '0x6001600055600080a060206000f3', storage: {} },
      // The address of the key 0x45a9…9d8.
      '0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b': {
        nonce: '0x00',
        balance: '0x3635c9adc5dea00000',
        code: '0x',
        storage: {},
      },
    },
    transaction: {
      nonce: '0x00',
      gasPrice: '0x0a',
      gasLimit: ['0x0186a0'],
      to: contract,
      value: ['0x00'],
      data: ['0x'],
      secretKey: '0x45a915e4d060149eb4365960e6a7a45f334393093061116b197e3240065ff2d8',
      ...change,
    },
    post: { [fork]: [post] },
    config: { chainid: '0x01' },
  };
  const [item] = readStateTest(fixture);
  if (item?.kind !== 'case') throw new Error('the fixture has no case');
  const run = await createOracle().start(item.value.setting);
  const outcome = await run.apply(item.value.transaction, item.value.sender);
  post['hash'] = await run.stateRoot();
  post['logs'] = hashLogs(outcome.kind === 'included' ? outcome.logs : []);
  return { fixture, post };
}
