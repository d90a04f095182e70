import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { workerNotesPerMinuteMax } from '../../../config/base/limits.js';
import { misbehaving, RuntimeHarness } from './harness.js';

test('a worker that talks without end on its control pipe adds a handful of short lines to the log', async () => {
  const harness = new RuntimeHarness({ hostFile: join(misbehaving, 'floods-notices.js') });
  try {
    const worker = harness.start({
      physicalPath: misbehaving,
      hosting: { hostingModel: 'InProcess', entry: 'empty.js' },
    });
    await worker.whenReady();
    const notes = harness.logger.lines.filter((line) => line.event.startsWith('worker-'));
    expect(notes).toHaveLength(workerNotesPerMinuteMax + 1);
    expect(notes.filter((line) => line['code'] === 'same')).toHaveLength(1);
    expect(JSON.stringify(notes).length).toBeLessThan(20_000);
    worker.handle?.kill();
    await worker.whenExited();
  } finally {
    await harness.close();
  }
});
