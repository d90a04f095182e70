import type { StreamMessage } from '../api/event-stream.js';
import type { Store } from './store.js';

/** Takes one message into the store. true = the pools have to be asked for again. */
export function foldEvent(_store: Store, _message: StreamMessage): boolean {
  return false;
}
