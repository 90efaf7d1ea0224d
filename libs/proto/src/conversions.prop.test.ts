// Goal: domain objects survive the wire unchanged, and no bytes whatever do more than be refused.
// Method: fast-check objects through protobuf's own bytes and back; truncated, altered and random bodies.
import {
  isChainError,
  limits,
  toAddress,
  toEpoch,
  toHash32,
  toHeight,
  zeroAddress,
  type Height,
} from '@sheaf/primitives';
import type { Attestation, BatchStatement, Certificate, Finality, Payload } from '@sheaf/protocol';
import type { CallMessage } from '@sheaf/state-transition';
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import fc from 'fast-check';
import * as sample from '../test/samples.ts';
import * as proto from './index.ts';

const uint64Max = 2n ** 64n - 1n;
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const uint64 = (min = 0n) => fc.bigInt({ min, max: uint64Max });
const uint256 = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });
const height: fc.Arbitrary<Height> = uint64(1n).map((value) => toHeight(value));
const hash = bytes(32).map((value) => toHash32(value));
const address = bytes(20).map((value) => toAddress(value));
/** Who signed, `undefined` being nobody. */
const signed = fc.array(
  fc.option(
    address.filter((value) => value !== zeroAddress),
    { nil: undefined },
  ),
  { minLength: 1, maxLength: 10 },
);
const signers = (size: number) =>
  fc.uniqueArray(fc.nat(size - 1), { minLength: 1, maxLength: 20 }).map((list) => list.sort((a, b) => a - b));

const payload: fc.Arbitrary<Payload> = fc.record({
  chainId: uint64(1n),
  height,
  epoch: uint64(1n).map((value) => toEpoch(value)),
  parentHash: hash,
  timestamp: uint64(),
  baseFeePerGas: uint256,
  gasLimit: uint64(1n),
  feeRecipient: address,
  prevRandao: hash,
  deposits: fc.array(fc.record({ index: uint64(), validatorIndex: uint64(), address, amountGwei: uint64() }), {
    maxLength: 16,
  }),
  transactions: fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 10 }),
});
const statement: fc.Arbitrary<BatchStatement> = fc
  .record({
    chainId: uint64(1n),
    namespace: fc.stringMatching(/^[a-z0-9-]{1,64}$/),
    firstHeight: fc.bigInt({ min: 1n, max: uint64Max - 255n }).map((value) => toHeight(value)),
    span: fc.nat(255),
    lastPayloadHash: hash,
    commitments: fc.array(bytes(48), { minLength: 1, maxLength: 32 }),
  })
  .map(({ span, ...rest }) => ({ ...rest, lastHeight: toHeight(rest.firstHeight + BigInt(span)) }));
const certificate: fc.Arbitrary<Certificate> = fc.record({
  statement,
  signers: signers(limits.daNodesMax),
  signature: bytes(96),
});
const attestation: fc.Arbitrary<Attestation> = fc.record({
  chainId: uint64(1n),
  height,
  blockHash: hash,
  payloadHash: hash,
  commitmentsHash: hash,
  validatorIndex: fc.nat(1_023),
  signature: bytes(96),
});
const finality: fc.Arbitrary<Finality> = fc
  .record({
    height,
    blockHash: hash,
    payloadHash: hash,
    commitmentsHash: hash,
    signers: signers(limits.validatorsMax),
    signature: bytes(96),
    stakes: fc.tuple(uint64(1n), uint64(1n)),
  })
  .map(({ stakes: [a, b], ...rest }) => ({
    ...rest,
    signedStakeGwei: a < b ? a : b,
    totalStakeGwei: a < b ? b : a,
  }));
const message: fc.Arbitrary<CallMessage> = fc.record({
  from: address,
  to: fc.option(address, { nil: undefined }),
  data: fc.uint8Array({ maxLength: 100 }),
  value: uint256,
  gasLimit: fc.bigInt({ min: 0n, max: limits.callGasMax }),
  gasPrice: uint256,
  accessList: fc.array(fc.record({ address, storageKeys: fc.array(hash, { maxLength: 3 }) }), { maxLength: 3 }),
  overrides: fc.array(
    fc.record({
      address,
      balance: fc.option(uint256, { nil: undefined }),
      nonce: fc.option(uint64(), { nil: undefined }),
      code: fc.option(fc.uint8Array({ maxLength: 50 }), { nil: undefined }),
      slots: fc.array(fc.record({ slot: hash, value: hash }), { maxLength: 3 }),
    }),
    { maxLength: 3 },
  ),
});

interface Codec<T> {
  encode(value: T): { finish(): Uint8Array };
  decode(body: Uint8Array): T;
}
/** What comes out at the other end. */
const across = <D, W>(type: Codec<W>, toWire: (value: D) => W, fromWire: (wire: W, field: string) => D) => {
  return (value: D) => fromWire(type.decode(type.encode(toWire(value)).finish()), 'it');
};
const unchanged = <T>(arbitrary: fc.Arbitrary<T>, pass: (value: T) => T) =>
  fc.assert(fc.property(arbitrary, (value) => expect(pass(value)).toEqual(value)));

test('payload', () => unchanged(payload, across(proto.commonV1.Payload, proto.payloadToWire, proto.payloadFromWire)));
test('batch statement', () =>
  unchanged(statement, across(proto.daV1.BatchStatement, proto.batchStatementToWire, proto.batchStatementFromWire)));
test('certificate', () =>
  unchanged(certificate, across(proto.commonV1.Certificate, proto.certificateToWire, proto.certificateFromWire)));
test('attestation', () =>
  unchanged(attestation, across(proto.settlementV1.Attestation, proto.attestationToWire, proto.attestationFromWire)));
test('finality', () =>
  unchanged(finality, across(proto.settlementV1.Finality, proto.finalityToWire, proto.finalityFromWire)));
test('message', () =>
  unchanged(message, across(proto.executionV1.Message, proto.messageToWire, proto.messageFromWire)));
test('block, receipt, reference, account, witness, cells, selectors', () => {
  const { executionV1, commonV1, daV1 } = proto;
  const { block, receipt, account, witness, cells } = sample;
  expect(across(executionV1.Block, proto.blockToWire, proto.blockFromWire)(block)).toEqual(block);
  const { recipient: _recipient, contractAddress: _contract, ...creation } = receipt;
  for (const each of [receipt, creation]) {
    const received = across(executionV1.Receipt, proto.receiptToWire, proto.receiptFromWire)(each);
    expect(received).toStrictEqual(each);
  }
  const ref = { height: block.height, hash: block.hash };
  expect(across(commonV1.BlockRef, proto.blockRefToWire, proto.blockRefFromWire)(ref)).toEqual(ref);
  expect(across(executionV1.Account, proto.accountToWire, proto.accountFromWire)(account)).toEqual(account);
  const passWitness = across(executionV1.GetWitnessResponse, proto.witnessToWire, proto.witnessFromWire);
  expect(passWitness(witness)).toEqual(witness);
  const body = daV1.BlobCells.encode({ cells: proto.cellsToWire(cells) }).finish();
  expect(proto.cellsFromWire(daV1.BlobCells.decode(body).cells, 'cells')).toEqual(cells);
  const selectors: proto.BlockSelector[] = [
    { kind: 'head' },
    { kind: 'height', height: toHeight(0) },
    { kind: 'hash', hash: block.hash },
  ];
  const pass = across(executionV1.BlockSelector, proto.blockSelectorToWire, proto.blockSelectorFromWire);
  expect(selectors.map(pass)).toEqual(selectors);
});

test('announcements, with ids that repetitions share', () => {
  const { block: record, blockAnnouncement } = sample;
  fc.assert(
    fc.property(payload, certificate, finality, fc.option(signed), (sealed, certified, final, by) => {
      const senders = by && sealed.transactions.map((_, index) => by[index % by.length]);
      const known = senders !== null && senders.length > 0;
      const announced = { height: sealed.height, hash: record.hash, payload: sealed, ...(known && { senders }) };
      const { id, body } = proto.encodePayloadAnnouncement(announced);
      expect(id).toBe(`payload:${sealed.height}:${record.hash}`);
      expect(proto.decodePayloadAnnouncement(body)).toEqual(announced);
      const { id: certificateId, body: certificateBody } = proto.encodeCertificateAnnouncement(certified);
      expect(certificateId).toMatch(`certificate:${certified.statement.firstHeight}:`);
      expect(proto.decodeCertificateAnnouncement(certificateBody)).toEqual(certified);
      const { id: finalityId, body: finalityBody } = proto.encodeFinalityAnnouncement(final);
      expect(finalityId).toBe(`finality:${final.height}:${final.blockHash}`);
      expect(proto.decodeFinalityAnnouncement(finalityBody)).toEqual(final);
    }),
    { numRuns: 30 },
  );
  const { id, body } = proto.encodeBlockAnnouncement(blockAnnouncement);
  expect(id).toBe(`block:5:${blockAnnouncement.hash}`);
  expect(proto.decodeBlockAnnouncement(body)).toEqual(blockAnnouncement);
});

test('a payload over the bus’ limit is announced without its body, and a wrong height refused', () => {
  const large = { ...sample.payload, transactions: Array.from({ length: 9 }, () => new Uint8Array(131_072)) };
  const { body } = proto.encodePayloadAnnouncement({ height: large.height, hash: sample.block.hash, payload: large });
  expect(body.length).toBeLessThan(100);
  expect(proto.decodePayloadAnnouncement(body).payload).toBeUndefined();
  const other = { height: toHeight(6), hash: sample.block.hash, payload: sample.payload };
  expect(() => proto.decodePayloadAnnouncement(proto.encodePayloadAnnouncement(other).body)).toThrow(
    'payloadAnnouncement.payload.height must be 6',
  );
});

test('senders count towards the bus’ limit', () => {
  const transactions = Array.from({ length: 10_000 }, () => new Uint8Array(90).fill(1));
  const large = {
    height: sample.payload.height,
    hash: sample.block.hash,
    payload: { ...sample.payload, transactions },
  };
  expect(proto.decodePayloadAnnouncement(proto.encodePayloadAnnouncement(large).body).payload).toBeDefined();
  const senders = transactions.map(() => toAddress(new Uint8Array(20).fill(7)));
  const { body } = proto.encodePayloadAnnouncement({ ...large, senders });
  expect(proto.decodePayloadAnnouncement(body)).toEqual({ ...large, payload: undefined });
});

test('senders that are not one a transaction are refused with their field; none are unknown', () => {
  const { payload: whole, block: record } = sample;
  const dataLoss = (message: string) => expect.objectContaining({ detail: { code: 'DATA_LOSS', message } });
  const announce = (senders: Buffer, payload: Payload | undefined) =>
    proto.sequencerV1.PayloadAnnouncement.encode({
      height: whole.height,
      hash: proto.hexToBuffer(record.hash),
      payload: payload && proto.payloadToWire(payload),
      senders,
    }).finish();
  const read = (body: Uint8Array) => () => proto.decodePayloadAnnouncement(body);
  for (const length of [1, 20, 39, 41, 60]) {
    const message = `payloadAnnouncement.senders must be 40 bytes, got ${length}`;
    expect(read(announce(Buffer.alloc(length, 1), whole))).toThrow(dataLoss(message));
  }
  expect(read(announce(Buffer.alloc(20, 1), undefined))).toThrow(
    dataLoss('payloadAnnouncement.senders must be 0 bytes, got 20'),
  );
  expect(read(announce(Buffer.alloc(0), whole))()).not.toHaveProperty('senders');
  expect(proto.sendersFromWire(undefined, 2, 'senders')).toBeUndefined();
});

test('any other bytes are refused, never anything worse', () => {
  const decoders = [
    proto.decodePayloadAnnouncement,
    proto.decodeCertificateAnnouncement,
    proto.decodeBlockAnnouncement,
    proto.decodeFinalityAnnouncement,
  ];
  const bodies = [
    proto.encodePayloadAnnouncement({
      height: sample.payload.height,
      hash: sample.block.hash,
      payload: sample.payload,
      senders: sample.payload.transactions.map(() => sample.payload.feeRecipient),
    }),
    proto.encodeCertificateAnnouncement(sample.certificate),
    proto.encodeBlockAnnouncement(sample.blockAnnouncement),
    proto.encodeFinalityAnnouncement(sample.finality),
  ].map(({ body }) => body);
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(fc.nat(3), fc.nat()).map(([which, at]) => bodies[which]!.subarray(0, at % bodies[which]!.length)),
    fc
      .tuple(fc.nat(3), fc.nat(), fc.nat(255))
      .map(([which, at, byte]) => Uint8Array.from(bodies[which]!).with(at % bodies[which]!.length, byte)),
  );
  fc.assert(
    fc.property(hostile, fc.nat(3), (body, which) => {
      try {
        decoders[which]!(body);
      } catch (error) {
        if (!isChainError(error, 'INVALID_ARGUMENT') && !isChainError(error, 'DATA_LOSS')) throw error;
      }
    }),
    { numRuns: 2_000 },
  );
});

test('toBuffer shares memory and hexToBuffer is exact', () => {
  const whole = Uint8Array.from([1, 2, 3, 4]);
  const buffer = proto.toBuffer(whole.subarray(1, 3));
  whole[1] = 9;
  expect(buffer).toEqual(Buffer.from([9, 3]));
  expect(proto.hexToBuffer('0x0aff')).toEqual(Buffer.from([10, 255]));
});

test('the reflection image describes every service', () => {
  const described = loadFileDescriptorSetFromBuffer(proto.toBuffer(proto.reflectionImage));
  expect(Object.keys(described)).toEqual(
    expect.arrayContaining([
      'sheaf.sequencer.v1.SequencerService',
      'sheaf.execution.v1.ExecutionService',
      'sheaf.da.v1.DataAvailabilityService',
      'sheaf.settlement.v1.SettlementService',
    ]),
  );
});
