// Goal: a connection hears of the heads and logs that it subscribed to, within its bound.
// Method: a session with a list as its socket.
import { Logs, type Header } from '@sheaf/ethereum';
import type { Address, Hash32, Height, Hex } from '@sheaf/primitives';
import type { ExecutedBlock } from '../ports.ts';
import { createSession } from './subscriptions.ts';

const word = (n: number): Hash32 => `0x${n.toString(16).padStart(64, '0')}` as Hash32;
const who = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}` as Address;
const header = {
  number: 5n as Height,
  difficulty: 0n,
  gasLimit: 1n,
  gasUsed: 1n,
  timestamp: 9n,
  baseFeePerGas: 7n,
  blobGasUsed: 0n,
  excessBlobGas: 0n,
  logsBloom: new Uint8Array(256),
  extraData: new Uint8Array(0),
  nonce: new Uint8Array(8),
} as Header;
const receipt = (hash: Hash32, address: Address, topic: Hash32) =>
  ({
    transactionHash: hash,
    logs: Logs.of([{ address, topics: [topic], data: new Uint8Array([1]) }]),
  }) as unknown as ExecutedBlock['receipts'][0];
const block = {
  hash: word(50),
  header,
  receipts: [receipt(word(60), who(1), word(1)), receipt(word(61), who(2), word(1))],
} as unknown as ExecutedBlock;

function setUp() {
  const sent: { params: { subscription: Hex; result: Record<string, unknown> } }[] = [];
  let ids = 0;
  const session = createSession(
    { subscriptionsMax: 2 },
    { send: (text) => sent.push(JSON.parse(text) as never), newId: () => `0x${(++ids).toString(16)}` as Hex },
  );
  return { session, sent };
}

test('heads and matching logs with their places', () => {
  const { session, sent } = setUp();
  session.subscribe({ kind: 'newHeads' });
  session.subscribe({ kind: 'logs', criteria: { addresses: [who(2)], topics: [[word(1)]] } });
  session.notify(block);
  expect(sent.map(({ params }) => params.subscription)).toEqual(['0x1', '0x2']);
  expect(sent[0]!.params.result).toMatchObject({ number: '0x5', hash: word(50), baseFeePerGas: '0x7' });
  expect(sent[1]!.params.result).toMatchObject({
    address: who(2),
    logIndex: '0x1',
    transactionIndex: '0x1',
    transactionHash: word(61),
    blockHash: word(50),
    removed: false,
  });
});

test('bounded, and silent after unsubscribing', () => {
  const { session, sent } = setUp();
  const id = session.subscribe({ kind: 'newHeads' });
  session.subscribe({ kind: 'newHeads' });
  expect(() => session.subscribe({ kind: 'newHeads' })).toThrow('at most 2 subscriptions on a connection');
  expect(session.unsubscribe(id)).toBe(true);
  expect(session.unsubscribe(id)).toBe(false);
  session.notify(block);
  expect(sent).toHaveLength(1);
});
