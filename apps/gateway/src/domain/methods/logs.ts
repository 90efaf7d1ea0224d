import type { Hex } from '@sheaf/primitives';
import { invalidParams, RpcError, rpcCodes } from '../../errors.ts';
import { logJson } from '../json.ts';
import { method, type Method } from '../json-rpc.ts';
import { findLogs } from '../logs.ts';
import { logCriteria, logFilter, optional, required, type Parse } from '../params.ts';
import type { Topic } from '../subscriptions.ts';
import type { Gateway } from './gateway.ts';

/** Logs, filters and subscriptions. */
export function logMethods(gateway: Gateway): Record<string, Method> {
  const { filters } = gateway;
  const id = required('id', filterId);
  return {
    eth_getLogs: method([required('filter', logFilter)], async ([filter]) =>
      (await findLogs(filter, gateway)).map(logJson),
    ),
    eth_newFilter: method([required('filter', logFilter)], ([filter]) => filters.addLogs(filter)),
    eth_newBlockFilter: method([], () => filters.addBlocks()),
    eth_getFilterChanges: method([id], async ([wanted]) => {
      const changes = await filters.changes(wanted);
      return 'logs' in changes ? changes.logs.map(logJson) : changes.hashes;
    }),
    eth_getFilterLogs: method([id], async ([wanted]) => (await filters.logs(wanted)).map(logJson)),
    eth_uninstallFilter: method([id], ([wanted]) => filters.remove(wanted)),
    eth_subscribe: method(
      [required('subscription', subscriptionName), optional('filter', logCriteria, undefined)],
      ([kind, criteria], { session }) => {
        if (!session) throw notificationsUnsupported();
        return session.subscribe(topicOf(kind, criteria));
      },
    ),
    eth_unsubscribe: method([id], ([wanted], { session }) => {
      if (!session) throw notificationsUnsupported();
      return session.unsubscribe(wanted);
    }),
  };
}

/** geth's words over HTTP. */
function notificationsUnsupported(): RpcError {
  return new RpcError(rpcCodes.server, 'notifications not supported');
}

const subscriptionName: Parse<Topic['kind']> = (value, path) => {
  if (value === 'newHeads' || value === 'logs') return value;
  throw invalidParams(path, 'must be newHeads or logs');
};

function topicOf(kind: Topic['kind'], criteria: Extract<Topic, { kind: 'logs' }>['criteria'] | undefined): Topic {
  if (kind === 'logs') return { kind, criteria: criteria ?? { addresses: [], topics: [] } };
  return { kind };
}

const filterId: Parse<Hex> = (value, path) => {
  if (typeof value === 'string' && /^0x[0-9a-f]{1,32}$/.test(value)) return value as Hex;
  throw invalidParams(path, 'must be 0x and 1 to 32 hex digits');
};
