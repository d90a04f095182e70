/**
 * What two primaries say to each other while one takes over from the other: lines of JSON over a pipe of their own.
 * They may be of different versions, so words are only ever added.
 *
 *   new: `ready`    everything runs; nothing of the other is needed any more
 *   old: `yours`    admin socket and port are free, lock and user ids are given up
 *   new: `serving`  all of it is taken; the other one drains and ends
 */
import type { Duplex } from 'node:stream';
import { upgradeLineBytesMax } from '../../../config/base/service-limits.js';

export type UpgradeWord = 'ready' | 'yours' | 'serving';

const words: ReadonlySet<string> = new Set<UpgradeWord>(['ready', 'yours', 'serving']);

export interface UpgradePipe {
  say(word: UpgradeWord): void;
  /** Ends our side. */
  close(): void;
}

/** `gone`: the other process has ended or closed its side. Words that are not known are passed over. */
export function openUpgradePipe(stream: Duplex, heard: (word: UpgradeWord) => void, gone: () => void): UpgradePipe {
  let held = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    held += text;
    if (held.length > upgradeLineBytesMax) return void stream.destroy();
    const lines = held.split('\n');
    held = lines.pop() ?? '';
    for (const line of lines) {
      const word = wordOf(line);
      if (word !== null) heard(word);
    }
  });
  // The end of the other process may show as an error; `close` follows either way.
  stream.on('error', () => undefined);
  stream.on('close', gone);
  return {
    say: (word) => void stream.write(`${JSON.stringify({ word })}\n`),
    close: () => void stream.destroy(),
  };
}

function wordOf(line: string): UpgradeWord | null {
  try {
    const value: unknown = JSON.parse(line);
    const word = typeof value === 'object' && value !== null && 'word' in value ? value.word : null;
    return typeof word === 'string' && isWord(word) ? word : null;
  } catch {
    return null;
  }
}

function isWord(text: string): text is UpgradeWord {
  return words.has(text);
}
