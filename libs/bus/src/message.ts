import { ChainError } from '@sheaf/primitives';
import type { BusMessage } from './bus.ts';
import { busBodyBytesMax } from './streams.ts';

/** @throws ChainError `INVALID_ARGUMENT` when the bus would refuse the message for its id or its size */
export function checkBusMessage({ id, body }: BusMessage): void {
  if (!/^[\x21-\x7e]{1,256}$/.test(id)) {
    const message = 'a message id must be 1 to 256 printable characters without spaces';
    throw new ChainError({ code: 'INVALID_ARGUMENT', field: 'message.id', message });
  }
  if (body.length > busBodyBytesMax) {
    const message = `a message body must be at most ${busBodyBytesMax} bytes, got ${body.length}`;
    throw new ChainError({ code: 'INVALID_ARGUMENT', field: 'message.body', message });
  }
}
