/** Dumps that the host writes into its pool's own folder; its loop may be blocked, so each has a limit. */
import { join } from 'node:path';
import type { CancelTimer, Clock } from '../../../config/base/clock.js';
import { escapeControls, shorten } from '../../../config/base/diagnostics.js';
import { SluiceError } from '../../../config/base/errors.js';
import { dumpHeapLimitMs, dumpReportLimitMs, workerNoteCharsMax } from '../../../config/base/limits.js';
import type { HostToPrimary } from '../../protocol/host-to-primary.js';
import type { DumpKind, DumpWish, PrimaryToHost } from '../../protocol/primary-to-host.js';

type Dumped = Extract<HostToPrimary, { readonly type: 'dumped' }>;

interface Waiting {
  readonly kind: DumpKind;
  readonly folder: string;
  readonly cancel: CancelTimer;
  readonly resolve: (path: string) => void;
  readonly reject: (error: SluiceError) => void;
}

export class Dumps {
  readonly #clock: Clock;
  readonly #send: (message: PrimaryToHost) => void;
  readonly #waiting = new Map<number, Waiting>();

  constructor(clock: Clock, send: (message: PrimaryToHost) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** The host may be at work on something during which its event loop stands still. */
  get isBlocking(): boolean {
    return [...this.#waiting.values()].some(({ kind }) => kind === 'heap');
  }

  /** Rejects with code `dump-unanswered` when the host does not answer in time. */
  ask({ kind, seconds }: DumpWish, folder: string): Promise<string> {
    const limitMs = seconds * 1_000 + (kind === 'heap' ? dumpHeapLimitMs : dumpReportLimitMs);
    // The name must be new also after a restart of the server.
    const id = this.#clock.wallMs() % 0xffff_ffff;
    return new Promise((resolve, reject) => {
      if (this.#waiting.size > 0) return reject(new SluiceError('dump-busy', 'a dump of this worker is being written'));
      const cancel = this.#clock.setTimer(limitMs, () => {
        this.#waiting.delete(id);
        const cause = `the worker did not answer within ${limitMs} ms: its event loop is blocked`;
        reject(new SluiceError('dump-unanswered', cause, 'A dump of kind report is taken from the kernel then.'));
      });
      this.#waiting.set(id, { kind, folder, cancel, resolve, reject });
      this.#send({ type: 'dump', id, kind, seconds, folder });
    });
  }

  /** Every byte of the answer is the tenant's: only its meaning counts, and a plain name. */
  answered({ id, file, error }: Dumped): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    waiting.cancel();
    if (/^\w[\w.-]{0,63}$/.test(file)) waiting.resolve(join(waiting.folder, file));
    else
      waiting.reject(new SluiceError('dump-failed', `no dump: ${escapeControls(shorten(error, workerNoteCharsMax))}`));
  }

  close(): void {
    for (const { cancel, reject } of this.#waiting.values()) {
      cancel();
      reject(new SluiceError('dump-failed', 'the worker ended before the dump was written'));
    }
    this.#waiting.clear();
  }
}
