/** A spare host: everything of Node and of ours is loaded, then this process sleeps until it becomes a worker. */
import { readSync, writeSync } from 'node:fs';
import { controlMessageBytesMax } from '../../../../config/base/limits.js';
import type { HostToPrimary } from '../../../protocol/host-to-primary.js';
import { hostControlFd, type PrimaryToHost } from '../../../protocol/primary-to-host.js';
import { findSeam } from './seam.js';

const prefixBytes = 4;

/** @returns the slot; ends the process when the primary goes away or wants it no more. */
export function waitForSlot(): number {
  // What the host needs of Node's HTTP code is loaded and tried before anybody waits for it.
  findSeam();
  tell({ type: 'waiting' });
  const size = read(prefixBytes).readUInt32BE(0);
  if (size > controlMessageBytesMax) process.exit(1);
  const message = JSON.parse(read(size).toString('utf8')) as PrimaryToHost;
  return message.type === 'start' ? message.slot : process.exit(1);
}

function tell(message: HostToPrimary): void {
  const text = JSON.stringify(message);
  const frame = Buffer.alloc(prefixBytes + text.length);
  frame.writeUInt32BE(text.length, 0);
  frame.write(text, prefixBytes, 'latin1');
  writeSync(hostControlFd, frame);
}

function read(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const count = readSync(hostControlFd, bytes, at, length - at, null);
    if (count === 0) process.exit(0);
    at += count;
  }
  return bytes;
}
