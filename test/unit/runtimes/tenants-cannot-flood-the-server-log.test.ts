import { beforeEach, describe, expect, test } from '@jest/globals';
import { workerNoteCharsMax, workerNoticeCodesMax, workerNotesPerMinuteMax } from '../../../config/base/limits.js';
import type { LogFields } from '../../../config/base/logger.js';
import { TenantNotes } from '../../../pools/runtimes/tenant-notes.js';
import { ManualClock } from '../../support/manual-clock.js';

let clock: ManualClock;
let notes: TenantNotes;
let lines: { readonly event: string; readonly fields: LogFields }[];

beforeEach(() => {
  clock = new ManualClock();
  lines = [];
  notes = new TenantNotes(clock, (event, fields) => lines.push({ event, fields }));
});

describe('what a worker tells for the server log', () => {
  test('each code of a notice is one line in its life', () => {
    for (let index = 0; index < 5; index += 1) {
      notes.notice('late-server', `number ${index}`);
      clock.advance(3_600_000);
    }
    notes.notice('other', 'text');
    expect(lines).toEqual([
      { event: 'worker-notice', fields: { code: 'late-server', text: 'number 0' } },
      { event: 'worker-notice', fields: { code: 'other', text: 'text' } },
    ]);
  });

  test('made-up codes run out', () => {
    for (let index = 0; index < 500; index += 1) {
      notes.notice(`code-${index}`, 'text');
      clock.advance(60_000);
    }
    expect(lines).toHaveLength(workerNoticeCodesMax);
  });

  test('a minute holds so many lines, and one that says that there were more', () => {
    for (let index = 0; index < 1_000; index += 1) notes.fatal(`again ${index}`);
    expect(lines).toHaveLength(workerNotesPerMinuteMax + 1);
    expect(lines.at(-1)?.event).toBe('worker-notes-muted');
    clock.advance(60_000);
    notes.fatal('a minute later');
    expect(lines.at(-1)).toEqual({ event: 'worker-fatal', fields: { text: 'a minute later' } });
  });

  test('long text is cut and says so', () => {
    notes.fatal('x'.repeat(16_000));
    const text = String(lines[0]?.fields['text']);
    expect(text.slice(0, workerNoteCharsMax)).toBe('x'.repeat(workerNoteCharsMax));
    expect(text.slice(workerNoteCharsMax)).toBe(' ... (15000 more)');
  });
});
