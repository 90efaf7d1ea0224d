import type { Hex } from '@sheaf/primitives';
import { RpcError, rpcCodes } from '../errors.ts';
import type { ExecutedBlock, LogCriteria } from '../ports.ts';
import { headerJson, logJson } from './json.ts';
import { logsOfBlock, matches } from './logs.ts';

export type Topic = { kind: 'newHeads' } | { kind: 'logs'; criteria: LogCriteria };

/** The subscriptions of one connection. */
export interface SubscriptionSession {
  /** @throws RpcError -32005 at the limit */
  subscribe(topic: Topic): Hex;
  /** True when there was one. */
  unsubscribe(id: Hex): boolean;
  /** Sends what the block means to this connection, in the order heads then logs. */
  notify(block: ExecutedBlock): void;
  count(): number;
}

/** `send` takes one text; how much may wait for a slow client is the connection's business. */
export function createSession(
  options: { subscriptionsMax: number },
  deps: { send: (text: string) => void; newId: () => Hex },
): SubscriptionSession {
  const subscriptions = new Map<Hex, Topic>();

  function subscribe(topic: Topic): Hex {
    if (subscriptions.size >= options.subscriptionsMax) {
      throw new RpcError(rpcCodes.limit, `at most ${options.subscriptionsMax} subscriptions on a connection`);
    }
    const id = deps.newId();
    subscriptions.set(id, topic);
    return id;
  }

  function notify(block: ExecutedBlock): void {
    for (const [id, topic] of subscriptions) {
      if (topic.kind === 'newHeads') {
        publish(id, headerJson(block.header, block.hash));
      } else {
        for (const log of logsOfBlock(block)) if (matches(log, topic.criteria)) publish(id, logJson(log));
      }
    }
  }

  function publish(subscription: Hex, result: object): void {
    deps.send(JSON.stringify({ jsonrpc: '2.0', method: 'eth_subscription', params: { subscription, result } }));
  }

  return { subscribe, unsubscribe: (id) => subscriptions.delete(id), notify, count: () => subscriptions.size };
}
