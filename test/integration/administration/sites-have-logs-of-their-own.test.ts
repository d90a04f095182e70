import { expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { app } from '../../support/paths.js';
import { type Settings, withSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';

const site = (name: string, port: number, more: Settings): Settings => ({
  name,
  bindings: [{ protocol: 'http', bindingInformation: `*:${port}:${name}.test` }],
  applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain') }],
  ...more,
});

test('a site writes W3C to its own folder, another one nothing, the rest into the common log; a change acts at once', async () => {
  // One application of a pool runs in-process; the other two answer 500.35 without a worker.
  const sites = (port: number): Settings[] => [
    site('iis', port, { id: 7, logFile: {} }),
    site('silent', port, { logFile: { enabled: false } }),
    site('plain', port, {}),
  ];
  const server = { accessLog: { format: 'combined', period: 'Daily' } };
  await withSluice({ applicationPools: [{ name: 'a' }], sites, server, listeners: 1 }, async (sluice) => {
    const ask = async (host: string, path: string): Promise<void> => {
      await sluice.call(path, { host: `${host}.test`, headers: { 'user-agent': 'a b', cookie: 'c=d' } });
    };
    const logs = join(sluice.folder, 'log');
    const own = join(logs, 'sites', 'W3SVC7');
    for (const host of ['iis', 'silent', 'plain']) await ask(host, `/${host}?q`);
    await ask('nobody', '/unknown');
    const file = await until('the log of the site is there', () =>
      readdirSync(own).find((name) => /^u_ex\d{6}\.log$/.test(name) && statSync(join(own, name)).size > 0),
    );
    const text = readFileSync(join(own, file), 'latin1');
    expect(text).toMatch(
      /^#Software: Sluice\r\n#Version: 1\.0\r\n#Date: .*\r\n#Fields: date time s-ip [^\r]* time-taken\r\n\S+ \S+ 127\.0\.0\.1 GET \/iis q \d+ - 127\.0\.0\.1 a\+b - 404 0 0 \d+\r\n$/,
    );
    expect(statSync(join(own, file)).mode & 0o777).toBe(0o640);
    const common = (): string => {
      const folder = join(logs, 'access');
      const name = readdirSync(folder).find((one) => /^access_\d{6}\.log$/.test(one));
      return name === undefined ? '' : readFileSync(join(folder, name), 'latin1');
    };
    await until('the common log is written', () => common().includes('/unknown'));
    expect(common()).toContain('"GET /plain?q HTTP/1.1" 500');
    expect(common()).not.toMatch(/iis|silent/);
    const changed = readFileSync(sluice.file, 'utf8').replace(
      '"logFile": {}',
      '"logFile":{"logExtFileFlags":"UriStem, Cookie"}',
    );
    writeFileSync(sluice.file, changed);
    process.kill(sluice.pid, 'SIGHUP');
    await until('the columns are others', async () => {
      await ask('iis', '/again');
      return readFileSync(join(own, file), 'latin1').includes('#Fields: cs-uri-stem cs(Cookie)\r\n/again c=d\r\n');
    });
    expect(existsSync(join(logs, 'sites'))).toBe(true);
    expect(readdirSync(join(logs, 'sites'))).toEqual(['W3SVC7']);
  });
});
