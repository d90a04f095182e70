import { afterAll, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { w3cFields } from '../../../config/log-model.js';
import { logFileAt } from '../../../server/log/log-names.js';
import { accessLogAt, logEnded, logTarget, sampleRecord } from '../../support/access-logs.js';
import { ManualClock } from '../../support/manual-clock.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder('w3c');
afterAll(() => removeFolder(folder));

const iis = {
  ...sampleRecord,
  target: '/shop/item.aspx?id=7&name=a%20b',
  userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)',
  referer: 'http://a/b c',
  status: 503,
  subStatus: 2,
};

test('the default columns of IIS, with its header, its line ends and its escaping', async () => {
  const fields = w3cFields.filter(
    (name) =>
      !['SiteName', 'ComputerName', 'Cookie', 'Host', 'ProtocolVersion', 'BytesSent', 'BytesRecv'].includes(name),
  );
  const log = accessLogAt(folder, { prefix: 'iis', format: 'w3c', fields });
  log.append(iis);
  log.append({ ...sampleRecord, status: 499, reason: 'ClientClosed', durationMs: 1_499.7 });
  await logEnded(log);
  expect(readFileSync(join(folder, 'iis.log'), 'latin1')).toBe(
    [
      '#Software: Sluice',
      '#Version: 1.0',
      '#Date: 2023-11-14 22:13:21',
      '#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken',
      '2023-11-14 22:13:21 127.0.0.2 GET /shop/item.aspx id=7&name=a%20b 8080 - 127.0.0.1 Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64) http://a/b+c 503 2 0 1',
      '2023-11-14 22:13:21 127.0.0.2 GET / - 8080 - 127.0.0.1 wrk - 499 0 64 1500',
      '',
    ].join('\r\n'),
  );
});

test('every column in the order of IIS', async () => {
  const log = accessLogAt(folder, { prefix: 'all', format: 'w3c', fields: w3cFields });
  log.append({
    ...iis,
    cookie: 'a=b; c=d',
    bytesReceived: 132,
    version: '2.0',
    status: 502,
    reason: 'UpstreamRefused',
  });
  await logEnded(log);
  const [, , , names = '', values = ''] = readFileSync(join(folder, 'all.log'), 'latin1').split('\r\n');
  const row = new Map(
    names
      .slice(9)
      .split(' ')
      .map((name, at) => [name, values.split(' ')[at]]),
  );
  expect([...row.keys()].join(' ')).toBe(
    'date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken',
  );
  expect(values.split(' ')).toHaveLength(row.size);
  expect(Object.fromEntries(row)).toMatchObject({
    's-sitename': 'W3SVC1',
    's-computername': hostname(),
    'cs-version': 'HTTP/2.0',
    'cs(Cookie)': 'a=b;+c=d',
    'cs-host': 'a',
    'sc-win32-status': '12029',
    'sc-bytes': '250',
    'cs-bytes': '132',
  });
});

test('nothing that a client sends makes a line, a column or a directive', async () => {
  const forged = '\r\n#Fields: x\r\n2023-11-14 00:00:00 GET /admin\t\u0000\u007f\u00e9\u2028';
  const log = accessLogAt(folder, { prefix: 'forged', format: 'w3c', fields: ['UserAgent', 'Referer', 'UriStem'] });
  log.append({ ...sampleRecord, userAgent: forged, referer: forged, target: `/${forged}` });
  log.append({ ...sampleRecord, userAgent: '#Fields: x', referer: 'x'.repeat(100_000) });
  await logEnded(log);
  const lines = readFileSync(join(folder, 'forged.log'), 'latin1').trimEnd().split('\r\n');
  expect(lines).toHaveLength(6);
  for (const line of lines.slice(4)) {
    expect(line.split(' ')).toHaveLength(3);
    expect(line).toMatch(/^[!-"$-~][ -~]*$/);
    expect(line.length).toBeLessThan(9_000);
  }
  expect(lines[5]).toMatch(/^%23Fields:\+x x/);
});

test('a period that ends takes the log to the next file, which has a header of its own', async () => {
  const clock = new ManualClock();
  const target = { prefix: 'u_ex', format: 'w3c', fields: ['Date', 'UriStem'], period: 'Daily' } as const;
  const log = accessLogAt(folder, target, { clock });
  log.append({ ...sampleRecord, target: '/before' });
  clock.advance(7_200_000);
  log.append({ ...sampleRecord, target: '/after' });
  await logEnded(log);
  expect(readdirSync(folder).filter((name) => name.startsWith('u_ex'))).toEqual(['u_ex231114.log', 'u_ex231115.log']);
  expect(readFileSync(join(folder, 'u_ex231114.log'), 'latin1')).toMatch(/-uri-stem\r\n2023-11-14 \/before\r\n$/);
  expect(readFileSync(join(folder, 'u_ex231115.log'), 'latin1')).toMatch(/-uri-stem\r\n2023-11-15 \/after\r\n$/);
});

test('other columns begin with a header, in the same file', async () => {
  const log = accessLogAt(folder, { prefix: 'columns', format: 'w3c', fields: ['UriStem'] });
  log.append(sampleRecord);
  log.flush();
  await new Promise<void>((resolve) => log.reopen(resolve));
  log.append(sampleRecord);
  log.setTarget(logTarget(folder, { prefix: 'columns', format: 'w3c', fields: ['Method', 'UriStem'] }));
  log.append(sampleRecord);
  await logEnded(log);
  const text = readFileSync(join(folder, 'columns.log'), 'latin1').replaceAll('\r\n', '\n');
  expect(text.replaceAll(/#(?:Software|Version|Date).*\n/g, '')).toBe(
    '#Fields: cs-uri-stem\n/\n#Fields: cs-uri-stem\n/\n#Fields: cs-method cs-uri-stem\nGET /\n',
  );
});

test('names of files follow the period', () => {
  const at = (iso: string): number => Date.parse(iso);
  const name = (period: 'Hourly' | 'Daily' | 'Weekly' | 'Monthly' | 'MaxSize', iso: string): string =>
    logFileAt(logTarget('/f', { prefix: 'u_ex', suffix: 'tend', period }), at(iso));
  expect(name('Hourly', '2025-11-21T21:59:59.999Z')).toBe('/f/u_ex25112121.log');
  expect(name('Daily', '2025-01-02T00:00:00Z')).toBe('/f/u_ex250102.log');
  expect(name('Monthly', '2025-01-02T00:00:00Z')).toBe('/f/u_ex2501.log');
  expect(name('MaxSize', '2025-01-02T00:00:00Z')).toBe('/f/u_extend.log');
  // November 2025 begins on a Saturday.
  const weeks = ['01', '02', '08', '09', '30'].map((day) => name('Weekly', `2025-11-${day}T12:00:00Z`).slice(-6, -4));
  expect(weeks).toEqual(['01', '02', '02', '03', '06']);
});
