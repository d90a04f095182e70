import { describe, expect, test } from '@jest/globals';
import { app } from '../../support/paths.js';
import { RawClient } from '../../support/raw-client.js';
import { type Sluice, withSluice } from '../../support/sluice.js';

interface Seen {
  readonly url: string;
  readonly headers: readonly string[];
}

async function seen(sluice: Sluice, path: string, host: string): Promise<Seen> {
  return JSON.parse((await sluice.call(path, { host })).text) as Seen;
}

async function raw(sluice: Sluice, bytes: string): Promise<string> {
  const client = await RawClient.connect(sluice.port);
  client.send(bytes);
  const text = await client.receives(/^HTTP\/1\.1 \d{3} /);
  client.close();
  return text.slice(9, 12);
}

describe('routing', () => {
  const folder = app('plain');
  const sites = (port: number) => [
    {
      name: 'first',
      bindings: [
        { protocol: 'http', bindingInformation: `*:${port}:first.test` },
        { protocol: 'http', bindingInformation: `*:${port}:*.wild.test` },
      ],
      applications: [
        { path: '/', applicationPool: 'root', physicalPath: folder },
        { path: '/app', applicationPool: 'app', physicalPath: folder },
      ],
    },
    {
      name: 'exact',
      bindings: [{ protocol: 'http', bindingInformation: `*:${port}:one.wild.test` }],
      applications: [{ path: '/', applicationPool: 'exact', physicalPath: folder }],
    },
  ];
  const applicationPools = ['root', 'app', 'exact'].map((name) => ({ name }));

  test('the binding is chosen by host, the application by the longest path on a segment boundary', async () => {
    await withSluice({ applicationPools, sites }, async (sluice) => {
      const pidOf = async (path: string, host: string): Promise<string> => (await sluice.call(path, { host })).text;
      const root = await pidOf('/pid', 'first.test');
      const inApp = await pidOf('/app/pid', 'first.test');
      const exact = await pidOf('/pid', 'one.wild.test');
      expect(new Set([root, inApp, exact]).size).toBe(3);
      expect(await pidOf('/APP/pid', 'first.test')).toContain('no such route');
      expect(await pidOf('/pid', 'FIRST.test.')).toBe(root);
      expect(await pidOf('/pid', 'two.wild.test:1234')).toBe(root);
      expect((await seen(sluice, '/app/request?q=1', 'first.test')).url).toBe('/app/request?q=1');
      expect((await sluice.call('/apple', { host: 'first.test' })).headers['x-pid']).toBe(root);
    });
  });

  test('unknown hosts get 404, bad and doubled hosts 400, from the listener', async () => {
    await withSluice({ applicationPools, sites }, async (sluice) => {
      const unknown = await sluice.call('/', { host: 'nobody.test' });
      expect([unknown.status, unknown.headers['x-pid']]).toEqual([404, undefined]);
      expect(await raw(sluice, 'GET / HTTP/1.1\r\nHost: first.test\r\nHost: first.test\r\n\r\n')).toBe('400');
      expect(await raw(sluice, 'GET / HTTP/1.1\r\n\r\n')).toBe('400');
      expect(await raw(sluice, 'GET / HTTP/1.0\r\n\r\n')).toBe('404');
      expect(await raw(sluice, 'GET http://first.test/pid HTTP/1.1\r\nHost: first.test\r\n\r\n')).toBe('200');
      expect(await raw(sluice, 'GET http://exact.test/ HTTP/1.1\r\nHost: first.test\r\n\r\n')).toBe('400');
    });
  });
});
