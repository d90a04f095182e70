/**
 * What two primaries say to each other while one takes over from the other: lines of JSON over a pipe of their own.
 * They may be of different versions, so words are only ever added.
 *
 *   old: `orders`   what administrators ordered, to begin with
 *   new: `ready`    everything runs; nothing of the other is needed any more
 *   old: `yours`    admin socket and port are free, lock and user ids are given up; with the orders as they are now
 *   new: `serving`  all of it is taken; the other one drains and ends
 */
import type { Duplex } from 'node:stream';
import { upgradeLineBytesMax } from '../../../config/base/service-limits.js';
import { type NodeOrders, readOrders } from './standing-orders.js';

export type UpgradeWord = 'orders' | 'ready' | 'yours' | 'serving';

const words: ReadonlySet<string> = new Set<UpgradeWord>(['orders', 'ready', 'yours', 'serving']);

export interface UpgradePipe {
  say(word: UpgradeWord, orders?: NodeOrders): void;
  /** Ends our side. */
  close(): void;
}

interface Message {
  readonly word: UpgradeWord;
  readonly orders: NodeOrders;
}

/** `gone`: the other process has ended or closed its side. Words that are not known are passed over. */
export function openUpgradePipe(stream: Duplex, heard: (message: Message) => void, gone: () => void): UpgradePipe {
  let held = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    held += text;
    if (held.length > upgradeLineBytesMax) return void stream.destroy();
    const lines = held.split('\n');
    held = lines.pop() ?? '';
    for (const line of lines) {
      const message = messageIn(line);
      if (message !== null) heard(message);
    }
  });
  // The end of the other process may show as an error; `close` follows either way.
  stream.on('error', () => undefined);
  stream.on('close', gone);
  return {
    say: (word, orders) => void stream.write(`${JSON.stringify({ word, orders })}\n`),
    close: () => void stream.destroy(),
  };
}

function messageIn(line: string): Message | null {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('word' in value)) return null;
    const { word } = value;
    if (typeof word !== 'string' || !isWord(word)) return null;
    return { word, orders: readOrders('orders' in value ? value.orders : null) };
  } catch {
    return null;
  }
}

function isWord(text: string): text is UpgradeWord {
  return words.has(text);
}
