import { expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Flag, FrameType } from '../../../server/http2/codes.js';
import { app } from '../../support/paths.js';
import { RawClient } from '../../support/raw-client.js';
import { block, frame, type RawFrame, RawHttp2 } from '../../support/raw-http2.js';
import { type Settings, withSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';

const site = (name: string, port: number, more: Settings): Settings => ({
  name,
  bindings: [{ protocol: 'http', bindingInformation: `*:${port}:${name}.test`, http2: true }],
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
      '"logFile":{"logExtFileFlags":"UriStem, Cookie, BytesSent, BytesRecv"}',
    );
    writeFileSync(sluice.file, changed);
    process.kill(sluice.pid, 'SIGHUP');
    await until('the columns are others', async () => {
      await ask('iis', '/again');
      return /#Fields: cs-uri-stem cs\(Cookie\) sc-bytes cs-bytes\r\n\/again c=d \d+ \d+\r\n/.test(
        readFileSync(join(own, file), 'latin1'),
      );
    });
    await bytesAreThoseOnTheWire(sluice.port, () => readFileSync(join(own, file), 'latin1'));
    expect(existsSync(join(logs, 'sites'))).toBe(true);
    expect(readdirSync(join(logs, 'sites'))).toEqual(['W3SVC7']);
  });
});

/** sc-bytes and cs-bytes as IIS has them: heads, what frames the body, and error pages of ours. */
async function bytesAreThoseOnTheWire(port: number, log: () => string): Promise<void> {
  const head = (line: string, ...fields: string[]): string =>
    [`${line} HTTP/1.1`, 'Host: iis.test', ...fields, '', ''].join('\r\n');
  const exchanges: readonly (readonly [path: string, request: string, end: RegExp])[] = [
    ['/digest', `${head('POST /digest', 'Transfer-Encoding: chunked')}3;x=y\r\nabc\r\n0\r\n\r\n`, /\r\n\r\n\{.*\}$/s],
    ['/chunks', head('GET /chunks'), /\r\n0\r\n\r\n$/],
    ['/echo', `${head('POST /echo', 'Content-Length: 5')}hello`, /hello\r\n0\r\n\r\n$/],
    ['/too-large', head('GET /too-large', 'Content-Length: 99999999'), / 413 .*<\/html>\s*$/s],
  ];
  const expected: [string, number, number][] = [];
  const one = await RawClient.connect(port);
  for (const [path, request, end] of exchanges) {
    one.clear();
    one.send(request);
    await one.receives(end);
    expected.push([path, one.bytes().length, request.length]);
  }
  const two = await RawHttp2.connect(port);
  const fields = [':method POST', ':scheme http', ':path /digest2', ':authority iis.test'];
  const encoded = block(fields.map((field) => field.split(' ') as [string, string]));
  two.send(
    frame(FrameType.headers, Flag.endHeaders, 1, encoded),
    frame(FrameType.data, Flag.endStream, 1, Buffer.from('four')),
  );
  const answer = (): RawFrame[] => [...two.of(FrameType.headers, 1), ...two.of(FrameType.data, 1)];
  await two.receives('the answer', () => answer().some(({ flags }) => (flags & Flag.endStream) !== 0));
  const answered = answer().reduce((bytes, { payload }) => bytes + payload.length, 0);
  expected.push(['/digest2', answered, encoded.length + 4]);
  const rows = await until('the log has them', () => {
    const found = [...log().matchAll(/^(\/\S+) \S+ (\d+) (\d+)\r$/gm)];
    const last = found
      .slice(-expected.length)
      .map(([, path = '', sent, received]) => [path, Number(sent), Number(received)]);
    return last.at(-1)?.[0] === '/digest2' ? last : undefined;
  });
  expect(rows).toEqual(expected);
  one.close();
  two.close();
}
