import { ChainError, toHeight, type Height } from '@sheaf/primitives';
import type { BlockExecutor, Executed, HashedPayload, LanePart } from '../ports.ts';
import { fromFailure, type LaneOrder, type LaneShare, type LaneWord } from '../workers/messages.ts';
import { decodeLaneNote, encodeLaneNote, isLaneNote, type LaneNote } from './lane-note.ts';

const coordinator = 0;

export interface LaneControlOptions {
  member: number;
  members: number;
  /** Of this process: greater than those of the ones before it. */
  session: number;
  /** Between two attempts at one block. */
  retryMs: number;
  /** An attempt that has not come to an end by then is given up: a member may hang without its connection breaking. */
  stallMs: number;
}

export interface LaneControlDependencies {
  peers: { send(to: number, body: Uint8Array): void; connected(member: number): boolean };
  tell(order: LaneOrder, transfer?: ArrayBuffer[]): void;
  /** At the coordinator. @throws ChainError `NOT_FOUND` */
  part(height: Height, member: number): LanePart;
  /** The last durable height. */
  head(): bigint;
  /** 32 random bits: they move keys, never results. */
  salt(): number;
  onShare(share: LaneShare): void;
  /** An attempt was given up. */
  onAttemptLost(reason: string): void;
}

/** Has the lane execute one payload after the other, whatever becomes of its members in between. */
export interface LaneControl extends BlockExecutor {
  onMessage(from: number, body: Uint8Array): void;
  onUp(): void;
  onDown(member: number): void;
  onWord(word: LaneWord): void;
  onThreadLost(): void;
  onThreadReopened(): void;
  close(): void;
}

interface Work {
  payload: HashedPayload;
  published: bigint;
  resolve(executed: Executed): void;
  reject(error: unknown): void;
}

/**
 * A payload begins here when every other member is connected. An attempt counts as long as all of them stay so: whoever loses one
 * gives it up and tells the coordinator, which begins another one. A member that is behind the coordinator does not execute: it
 * asks for what the block did to its accounts.
 */
export function createLaneControl(options: LaneControlOptions, deps: LaneControlDependencies): LaneControl {
  const { member, members } = options;
  const leads = member === coordinator;
  let work: Work | undefined;
  let attempts = 0;
  let running = false;
  let threadOpen = true;
  let retry: NodeJS.Timeout | undefined;
  let stall: NodeJS.Timeout | undefined;
  let closed = false;

  const complete = () => {
    for (let other = 0; other < members; other++) if (other !== member && !deps.peers.connected(other)) return false;
    return true;
  };

  function begin(): void {
    if (work === undefined || running || closed || !threadOpen || !complete()) return;
    running = true;
    const { payload, published } = work;
    const attempt = { session: options.session, attempt: ++attempts, salt: deps.salt() };
    deps.tell({ type: 'begin', payload, published, attempt });
    if (!leads) note({ kind: 'needs', height: payload.payload.height });
    stall = setTimeout(() => giveUp(`nothing came of it for ${options.stallMs} ms`), options.stallMs);
  }

  /** The attempt does not count any more; another one begins when it can. */
  function giveUp(reason: string): void {
    if (!running || work === undefined) return;
    deps.onAttemptLost(reason);
    running = false;
    clearTimeout(stall);
    if (threadOpen) deps.tell({ type: 'abandon' });
    if (!leads) note({ kind: 'void', height: work.payload.payload.height });
    retry ??= setTimeout(() => {
      retry = undefined;
      begin();
    }, options.retryMs);
  }

  function note(content: LaneNote): void {
    deps.peers.send(coordinator, encodeLaneNote(content));
  }

  function settle(outcome: { executed: Executed } | { error: unknown }): void {
    const done = work;
    work = undefined;
    running = false;
    clearTimeout(stall);
    if ('error' in outcome) done?.reject(outcome.error);
    else done?.resolve(outcome.executed);
  }

  function onNote(from: number, content: LaneNote): void {
    if (content.kind === 'void') {
      if (leads && work?.payload.payload.height === content.height) giveUp(`member ${from} gave it up`);
    } else if (content.kind === 'needs') {
      if (!leads || content.height > deps.head()) return;
      deps.peers.send(from, encodeLaneNote(partFor(content.height, from)));
    } else if (from === coordinator && work?.payload.payload.height === content.height) {
      if (content.kind === 'part') deps.tell({ type: 'apply', part: content.part });
      else settle({ error: new ChainError({ code: 'DATA_LOSS', message: content.message }) });
    }
  }

  function partFor(height: bigint, to: number): LaneNote {
    try {
      return { kind: 'part', height, part: deps.part(toHeight(height), to) };
    } catch (error) {
      return { kind: 'gone', height, message: error instanceof Error ? error.message : String(error) };
    }
  }

  return {
    execute(payload, published) {
      if (work !== undefined) {
        return Promise.reject(new ChainError({ code: 'CONFLICT', message: 'the lane executes one block at a time' }));
      }
      return new Promise((resolve, reject) => {
        work = { payload, published, resolve, reject };
        begin();
      });
    },
    onMessage(from, body) {
      if (isLaneNote(body)) return onNote(from, decodeLaneNote(body));
      if (!threadOpen) return;
      const copy = body.slice();
      deps.tell({ type: 'message', from, body: copy }, [copy.buffer]);
    },
    onUp: begin,
    onDown: (lost) => giveUp(`member ${lost} is lost`),
    onWord(word) {
      if (word.type === 'send') deps.peers.send(word.to, word.body);
      else if (word.type === 'executed') {
        if (word.figures !== undefined) deps.onShare(word.figures);
        settle(word);
      } else {
        const error = fromFailure(word.failure);
        if (!leads && work !== undefined) note({ kind: 'void', height: work.payload.payload.height });
        settle({ error });
      }
    },
    onThreadLost() {
      threadOpen = false;
      giveUp('the thread died');
    },
    onThreadReopened() {
      threadOpen = true;
      begin();
    },
    close() {
      closed = true;
      clearTimeout(retry);
      clearTimeout(stall);
      settle({ error: new ChainError({ code: 'UNAVAILABLE', message: 'the service is stopping' }) });
    },
  };
}
