import { beforeEach, expect, test } from '@jest/globals';
import type { LoadResult } from '../../../config/compile/compile.js';
import type { OpenedDocument } from '../../../config/compile/open-document.js';
import type { PrimaryParts } from '../../../server/primary/parts.js';
import { Reloader } from '../../../server/primary/reload.js';
import { sampleConfig } from '../../support/sample-pools.js';

const served: LoadResult = { config: sampleConfig([], []), diagnostics: [] };
const document: OpenedDocument = { root: null, diagnostics: [], alone: false, files: [], parts: [], hash: '' };

let file: LoadResult;
let reads: ('file' | 'kept document')[];
let results: string[];
let lines: string[];

function bad(contents: string): LoadResult {
  const place = { file: 'sluice.yaml', line: 1, column: 1, path: '', remedy: '' };
  return {
    config: null,
    contents,
    diagnostics: [{ ...place, severity: 'error', code: 'bad', message: `${contents} is bad` }],
  };
}

function reloader(kept: OpenedDocument | null, applied: () => void = () => undefined): Reloader {
  const note = (event: string): unknown => lines.push(event);
  // Only what a reload without a change touches.
  const parts = {
    state: { config: served.config, isDraining: false, isDrained: false },
    clock: { wallMs: () => 0 },
    log: { info: note, warn: note, error: note },
    processMetrics: {
      reloaded: (result: string) => results.push(result),
      configurationServes: () => undefined,
      fileStaysRefused: () => undefined,
    },
  } as unknown as PrimaryParts;
  return new Reloader({
    parts,
    document: kept,
    load: (from) => {
      reads.push(from === null ? 'file' : 'kept document');
      return Promise.resolve(from === null ? file : served);
    },
    applied,
  });
}

beforeEach(() => {
  file = { ...served, document };
  [reads, results, lines] = [[], [], []];
});

test('the same bad file is told and counted once, another one again, and after a good one too', async () => {
  const own = reloader(document);
  for (const next of [bad('a'), bad('a'), bad('b'), { ...served, document }, bad('b')]) {
    file = next;
    await own.reload('SIGHUP');
  }
  expect(results).toEqual(['failure', 'failure', 'success', 'failure']);
  expect(lines.filter((line) => line === 'configuration-problem')).toHaveLength(3);
});

test('under a bad file the applications are read all the same', async () => {
  file = bad('a');
  expect(await reloader(document).reload('SIGHUP')).toBe('refused');
  expect(reads).toEqual(['file', 'kept document']);
});

test('one without sites does not replace one that has some', async () => {
  file = { config: { ...sampleConfig([], []), version: 'cut', sites: [] }, diagnostics: [] };
  expect(await reloader(null).reload('SIGHUP')).toBe('refused');
  expect(lines).toContain('configuration-problem');
});

test('a folder that is served alone has no file to read', async () => {
  expect(await reloader({ ...document, alone: true }).reload('SIGHUP')).toBe('unchanged');
  expect(reads).toEqual(['kept document']);
});

test('requests that come during a load share the next, which reads what any of them wants', async () => {
  const own = reloader(document);
  await Promise.all([
    own.reload('a file changed', 'applications'),
    own.reload('a file changed', 'applications'),
    own.reload('SIGHUP'),
    own.reload('a file changed', 'applications'),
  ]);
  expect(reads).toEqual(['kept document', 'file']);
  await own.reload('a file changed', 'applications');
  expect(reads).toEqual(['kept document', 'file', 'kept document']);
});

test('a load that fails does not take those along that come after it', async () => {
  const faults = [new Error('a fault of our own')];
  const own = reloader(document, () => {
    const fault = faults.pop();
    if (fault !== undefined) throw fault;
  });
  const first = own.reload('SIGHUP');
  const next = own.reload('SIGHUP');
  await expect(first).rejects.toThrow('a fault of our own');
  expect(await next).toBe('unchanged');
});
