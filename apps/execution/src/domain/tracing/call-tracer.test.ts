// Goal: messages become geth's frames, in its fields and their order; what a failing message logged is not there.
// Method: the tracer is told of messages by hand; the text in full.
import { toAddress, type Address } from '@sheaf/primitives';
import { traceLimits } from '../../trace-limits.ts';
import { createCallTracer } from './call-tracer.ts';
import { OverlayState } from './overlay-state.ts';
import { TraceBudget } from './trace-budget.ts';
import type { MessageEnd, MessageStart } from './tracer.ts';

const at = (fill: string): Address => toAddress(`0x${fill.repeat(20)}`);
const none = new Uint8Array(0);
const nowhere = new OverlayState({
  account: async () => undefined,
  storage: async () => undefined,
  code: async () => none,
});
const subject = {
  from: at('01'),
  to: at('02'),
  nonce: 0n,
  gasLimit: 90_000n,
  coinbase: at('0c'),
  authorities: [],
  logsBefore: 7,
};
const start = (fields: Partial<MessageStart>): MessageStart => ({
  kind: 'CALL',
  from: at('01'),
  to: at('02'),
  input: Uint8Array.of(1),
  gas: 50n,
  value: 0n,
  ...fields,
});
const end = (fields: Partial<MessageEnd> = {}): MessageEnd => ({
  gasUsed: 5n,
  output: none,
  error: undefined,
  created: undefined,
  ...fields,
});

function tracer(options: { onlyTopCall?: boolean; withLog?: boolean }) {
  const { onlyTopCall = false, withLog = true } = options;
  const made = createCallTracer({ kind: 'call', onlyTopCall, withLog }, subject, new TraceBudget(traceLimits, 0));
  const log = (data: string) => made.log?.({ address: at('02'), topics: [], data: `0x${data}` });
  const finish = () => made.finish({ gasUsed: 60_000n, failed: false, output: none }, nowhere) as string;
  return { enter: made.enter!, exit: made.exit!, log, finish };
}

test('fields in order; the first message has the gas of the transaction', () => {
  const { enter, exit, finish } = tracer({});
  enter(start({ value: 9n }));
  enter(start({ kind: 'STATICCALL', from: at('02'), to: at('03'), value: undefined }));
  exit(end({ error: 'execution reverted', output: Uint8Array.of(0xab) }));
  enter(start({ kind: 'CREATE', from: at('02'), to: undefined }));
  exit(end({ created: at('04'), output: Uint8Array.of(0xcd) }));
  enter(start({ kind: 'CREATE2', from: at('02'), to: undefined }));
  exit(end({ created: at('05'), output: Uint8Array.of(0xcd), error: 'out of gas' }));
  exit(end({ output: Uint8Array.of(2) }));
  const two = at('02');
  expect(finish()).toBe(
    `{"from":"${at('01')}","gas":"0x15f90","gasUsed":"0xea60","to":"${two}","input":"0x01","output":"0x02","calls":[` +
      `{"from":"${two}","gas":"0x32","gasUsed":"0x5","to":"${at('03')}","input":"0x01","output":"0xab","error":"execution reverted","type":"STATICCALL"},` +
      `{"from":"${two}","gas":"0x32","gasUsed":"0x5","to":"${at('04')}","input":"0x01","output":"0xcd","value":"0x0","type":"CREATE"},` +
      `{"from":"${two}","gas":"0x32","gasUsed":"0x5","input":"0x01","error":"out of gas","value":"0x0","type":"CREATE2"}` +
      `],"value":"0x9","type":"CALL"}`,
  );
});

test('logs have their place among the calls and in the block; those of a failing message, and within it, are gone', () => {
  const { enter, exit, log, finish } = tracer({});
  enter(start({}));
  log('aa');
  enter(start({}));
  log('bb');
  enter(start({}));
  log('cc');
  exit(end());
  exit(end({ error: 'out of gas' }));
  log('dd');
  exit(end());
  const frame = JSON.parse(finish()) as { logs: object[]; calls: { logs?: object[]; calls: { logs?: object[] }[] }[] };
  expect(frame.logs).toMatchObject([
    { data: '0xaa', index: '0x7', position: '0x0' },
    { data: '0xdd', index: '0x8', position: '0x1' },
  ]);
  expect([frame.calls[0]!.logs, frame.calls[0]!.calls[0]!.logs]).toEqual([undefined, undefined]);
});

test('the first message alone, and none of its logs unless they are wanted', () => {
  const { enter, exit, log, finish } = tracer({ onlyTopCall: true });
  enter(start({}));
  log('aa');
  enter(start({}));
  log('bb');
  exit(end());
  exit(end());
  const frame = JSON.parse(finish()) as { logs: object[]; calls?: object[] };
  expect(frame.logs).toMatchObject([{ data: '0xaa' }]);
  expect(frame.calls).toBeUndefined();
  const silent = tracer({ withLog: false });
  silent.enter(start({}));
  silent.log('aa');
  silent.exit(end());
  expect(silent.finish()).not.toContain('logs');
});
