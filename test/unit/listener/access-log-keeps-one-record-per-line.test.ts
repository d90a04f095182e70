import { afterAll, expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { accessLogAt, logTarget, logEnded as ended, sampleRecord as record } from '../../support/access-logs.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder('log');
afterAll(() => removeFolder(folder));

test('what a client sends never breaks a line or the JSON', async () => {
  const file = join(folder, 'hostile.log');
  const log = accessLogAt(folder, { prefix: 'hostile' });
  log.append({ ...record, userAgent: 'a"\\\r\n\u0000\u007f\u00e9{}', target: '/\u2028' });
  log.append(record);
  await ended(log);
  const lines = readFileSync(file, 'latin1').trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  const first = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  expect(first['userAgent']).toBe('a"\\\r\n\u0000\u007f\u00e9{}');
  expect(first['ms']).toBe(1.235);
});

test('after reopen records go to the new file', async () => {
  const file = join(folder, 'rolled.log');
  const log = accessLogAt(folder, { prefix: 'rolled' });
  log.append({ ...record, target: '/old' });
  await new Promise<void>((resolve) => log.reopen(resolve));
  log.flush();
  await new Promise<void>((resolve) => log.reopen(resolve));
  renameSync(file, `${file}.1`);
  await new Promise<void>((resolve) => log.reopen(resolve));
  log.append({ ...record, target: '/new' });
  await ended(log);
  expect(readFileSync(`${file}.1`, 'latin1')).toContain('/old');
  expect(readFileSync(file, 'latin1')).toContain('/new');
  expect(readFileSync(file, 'latin1')).not.toContain('/old');
});

test('a disk that takes nothing costs bounded memory, and the loss is counted and said', async () => {
  symlinkSync('/dev/full', join(folder, 'full.log'));
  const said: string[] = [];
  const log = accessLogAt(folder, { prefix: 'full' }, { troubled: (_log, code) => void said.push(code) });
  const long = { ...record, userAgent: 'x'.repeat(1_000) };
  for (let serial = 0; serial < 10_000; serial += 1) log.append(long);
  await ended(log);
  expect(log.dropped).toBe(10_000);
  expect(said).toEqual(['ENOSPC']);
});

test('a folder that appears later is found', async () => {
  const late = join(folder, 'late');
  const log = accessLogAt(late);
  await new Promise<void>((resolve) => log.reopen(resolve));
  log.append(record);
  mkdirSync(late);
  log.flush();
  await ended(log);
  expect(readFileSync(join(late, 'access.log'), 'latin1')).toContain('"target":"/"');
});

test('combined is what Apache and nginx write, and hostile words stay between their quotes', async () => {
  const file = join(folder, 'combined.log');
  const log = accessLogAt(folder, { prefix: 'combined', format: 'combined' });
  log.append({ ...record, referer: 'http://a/', userAgent: 'Mozilla/5.0 (X11)' });
  log.append({ ...record, target: '/"\r\n\u001b[31m\u00e9\\', bytesOut: 0, status: 503 });
  log.append({ ...record, method: '', target: '', status: 400, userAgent: '' });
  await ended(log);
  const lines = readFileSync(file, 'latin1').trimEnd().split('\n');
  expect(lines.map((line) => line.replace(/\[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\]/, '[time]'))).toEqual([
    '127.0.0.1 - - [time] "GET / HTTP/1.1" 200 5 "http://a/" "Mozilla/5.0 (X11)"',
    '127.0.0.1 - - [time] "GET /\\"\\x0d\\x0a\\x1b[31m\\xe9\\\\ HTTP/1.1" 503 - "-" "wrk"',
    '127.0.0.1 - - [time] "-" 400 5 "-" "-"',
  ]);
});

test('a change of the format counts from the next record on', async () => {
  const file = join(folder, 'changed.log');
  const log = accessLogAt(folder, { prefix: 'changed' });
  log.append(record);
  log.setTarget(logTarget(folder, { prefix: 'changed', format: 'combined' }));
  log.append(record);
  await ended(log);
  expect(readFileSync(file, 'latin1')).toMatch(/^\{"time":"[^"]+Z",[^\n]+\}\n127\.0\.0\.1 - - \[[^\n]+\n$/);
});
