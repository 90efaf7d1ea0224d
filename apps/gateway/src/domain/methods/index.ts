import type { MethodTable } from '../json-rpc.ts';
import { blockMethods } from './blocks.ts';
import { chainMethods } from './chain.ts';
import { debugMethods } from './debug.ts';
import type { Gateway } from './gateway.ts';
import { logMethods } from './logs.ts';
import { sheafMethods } from './sheaf.ts';
import { stateMethods } from './state.ts';
import { transactionMethods } from './transactions.ts';

/** Every method of the gateway by name. */
export function allMethods(gateway: Gateway): MethodTable {
  return new Map(
    Object.entries({
      ...chainMethods(gateway),
      ...stateMethods(gateway),
      ...blockMethods(gateway),
      ...transactionMethods(gateway),
      ...logMethods(gateway),
      ...debugMethods(gateway),
      ...sheafMethods(gateway),
    }),
  );
}
