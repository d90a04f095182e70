import { expect, test } from '@jest/globals';
import { linkStreamWindowBytes } from '../../../config/base/limits.js';
import { FrameWriter } from '../../../pools/link/writer.js';
import { Answer, type AnswerLink } from '../../../pools/runtimes/in-process/host/answer.js';
import type { FakeHandle } from '../../../pools/runtimes/in-process/host/fake-handle.js';
import type { VirtualSocket } from '../../../pools/runtimes/in-process/host/virtual-socket.js';

/** A link whose kernel takes nothing until it is told to. */
class SlowLink implements AnswerLink {
  isTaking = false;
  waiters: (() => void)[] = [];
  readonly writer = new FrameWriter({
    writableLength: 0,
    write: () => true,
    cork: () => undefined,
    uncork: () => undefined,
  });

  requestFlush(): void {}

  flushNow(): boolean {
    this.writer.flush();
    return this.isTaking;
  }

  whenFlushed(resume: () => void): void {
    this.waiters.push(resume);
  }

  drain(): void {
    for (const resume of this.waiters.splice(0)) resume();
  }
}

const socket = { _httpMessage: null } as unknown as VirtualSocket;
const handle = { bytesWritten: 0 } as unknown as FakeHandle;

// Otherwise the second callback ends the write behind it, and a socket that is ended then loses its tail.
test('credit that comes while the last frames leave does not end the write twice', () => {
  const link = new SlowLink();
  const answer = new Answer(link, 1);
  const ended: string[] = [];
  answer.writePiece(socket, handle, Buffer.alloc(linkStreamWindowBytes), 'latin1', () => {
    ended.push('first');
    answer.writePiece(socket, handle, Buffer.alloc(5_000), 'latin1', () => ended.push('second'));
  });
  link.isTaking = true;
  if (answer.grant(1_000)) answer.pump(handle);
  link.drain();
  expect(ended).toEqual(['first']);
  if (answer.grant(10_000)) answer.pump(handle);
  link.drain();
  expect(ended).toEqual(['first', 'second']);
});
