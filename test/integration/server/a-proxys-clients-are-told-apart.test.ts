/** Behind a trusted proxy many clients share one connection: what an app sees and what limits count is the client of the request. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { answerOf, Http2Client } from '../../support/http2-client.js';
import { app } from '../../support/paths.js';
import { RawClient, statuses } from '../../support/raw-client.js';
import { type Settings, type Sluice, startSluice } from '../../support/sluice.js';
import { until } from '../../support/time.js';

/** `/socket` of the app. */
interface Seen {
  readonly requests: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly encrypted: boolean;
  /** Sockets that the app has open. */
  readonly open: number;
}

/** 192.0.2.x of a proxy; what it says of the scheme. */
interface Client {
  readonly node: string;
  readonly scheme?: string;
}

let sluice: Sluice;

function fieldsOf({ node, scheme = 'http' }: Client): Record<string, string> {
  return { 'x-forwarded-for': node, 'x-forwarded-proto': scheme };
}

function get(path: string, client: Client, host = 'free'): string {
  const fields = Object.entries(fieldsOf(client)).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\nHost: ${host}.test\r\n${fields.join('')}\r\n`;
}

function seenIn(text: string): Seen[] {
  return [...text.matchAll(/\{"requests".*?\}/g)].map(([json]) => JSON.parse(json) as Seen);
}

beforeAll(async () => {
  const names = ['free', 'few'];
  sluice = await startSluice({
    listeners: 2,
    applicationPools: names.map((name) => ({ name })),
    server: { trustedProxies: ['127.0.0.1'] },
    sites: (port) =>
      names.map(
        (name): Settings => ({
          name,
          bindings: [{ protocol: 'http', bindingInformation: `*:${port}:${name}.test`, http2: true }],
          limits: name === 'few' ? { maxConnectionsPerAddress: 2 } : {},
          applications: [
            { path: '/', applicationPool: name, physicalPath: app('plain'), hosting: { webSocket: name === 'free' } },
          ],
        }),
      ),
  });
  for (const name of names) await sluice.call('/', { host: `${name}.test` });
}, 120_000);

afterAll(async () => {
  await sluice.stop();
});

describe('an in-process app sees the client of each request', () => {
  const a: Client = { node: '198.51.100.1' };
  const b: Client = { node: '198.51.100.2' };

  test('on a kept connection of the proxy', async () => {
    const proxy = await RawClient.connect(sluice.port);
    const clients = [a, a, b, a, { ...a, scheme: 'https' }, { node: `${a.node}:4711` }, { node: '[2001:db8::7]:99' }];
    for (const [index, client] of clients.entries()) {
      proxy.send(get('/socket', client));
      await until('the answer', () => seenIn(proxy.text()).length === index + 1);
    }
    const seen = seenIn(proxy.text());
    expect(seen.map(({ remoteAddress, remotePort, encrypted }) => [remoteAddress, remotePort, encrypted])).toEqual([
      [a.node, 0, false],
      [a.node, 0, false],
      [b.node, 0, false],
      [a.node, 0, false],
      [a.node, 0, true],
      [a.node, 4711, false],
      ['2001:db8::7', 99, false],
    ]);
    // A socket that served another client is not used again: what an app keeps with it would be that client's.
    expect(seen.slice(2).map(({ requests }) => requests)).toEqual([1, 1, 1, 1, 1]);
    proxy.close();
  });

  test('in requests that are sent at once', async () => {
    const proxy = await RawClient.connect(sluice.port);
    const clients = Array.from({ length: 60 }, (_, n) => ({ node: `198.51.100.${n % 7}` }));
    proxy.send(clients.map((client) => get('/socket', client)).join(''));
    await until('every answer', () => seenIn(proxy.text()).length === clients.length);
    expect(seenIn(proxy.text()).map(({ remoteAddress }) => remoteAddress)).toEqual(clients.map(({ node }) => node));
    proxy.close();
  });

  test('in streams of one HTTP/2 connection; sockets are not more than requests ran at once', async () => {
    const proxy = await Http2Client.connect(`http://free.test:${sluice.port}`);
    const ask = async (client: Client): Promise<Seen> => {
      const { text } = await proxy.call('/socket', { fields: { ':authority': 'free.test', ...fieldsOf(client) } });
      return JSON.parse(text) as Seen;
    };
    for (let round = 0; round < 10; round += 1) {
      const clients = Array.from({ length: 20 }, (_, n) => ({ node: `203.0.113.${round * 5 + n}` }));
      const seen = await Promise.all(clients.map(ask));
      expect(seen.map(({ remoteAddress }) => remoteAddress)).toEqual(clients.map(({ node }) => node));
    }
    await until('a client keeps its socket', async () => (await ask({ node: '203.0.113.60' })).requests > 1);
    // 65 clients were here.
    await until('sockets of others are closed', async () => (await ask(a)).open <= 25);
    await proxy.close();
  });
});

describe('connections per address', () => {
  const held = async (client: Client): Promise<RawClient> => {
    const proxy = await RawClient.connect(sluice.port);
    proxy.send(get('/n/1', client, 'few') + get('/hold', client, 'few'));
    await until('it is served', () => statuses(proxy.text()).length === 1);
    return proxy;
  };
  const status = async (node: string): Promise<number> =>
    (await sluice.call('/n/1', { host: 'few.test', headers: { 'x-forwarded-for': node } })).status;

  test("count a proxy's client while its requests run, over all listeners, by its /64", async () => {
    const [here, there] = ['2001:db8:1:1::1', '2001:db8:1:1::2'];
    // Idle connections of the proxy are nobody's: they carried another client's requests last.
    const idle = await Promise.all([1, 2, 3, 4].map(() => RawClient.connect(sluice.port)));
    for (const one of idle) {
      one.send(get('/n/1', { node: here }, 'few'));
      await until('it is served', () => statuses(one.text())[0] === 200);
    }
    const proxies = [await held({ node: here }), await held({ node: there })];
    await until('both are counted everywhere', async () => {
      const found = await Promise.all(Array.from({ length: 12 }, () => status(here)));
      return found.every((one) => one === 503);
    });
    expect(await status('2001:db8:1:2::1')).toBe(200);
    proxies[0]?.close();
    await until('there is room again', async () => (await status(there)) === 200);
    for (const one of [...idle, ...proxies]) one.close();
  });

  test('count no stream that was refused', async () => {
    const client: Client = { node: '198.51.100.40' };
    const fields = { ':authority': 'few.test', ...fieldsOf(client), ':protocol': 'websocket' };
    for (let n = 0; n < 5; n += 1) {
      const proxy = await Http2Client.connect(`http://few.test:${sluice.port}`);
      const tunnel = proxy.open('/', { method: 'CONNECT', fields: { ...fields, 'sec-websocket-version': '13' } });
      expect((await answerOf(tunnel)).status).toBe(501);
      await proxy.close();
    }
    expect(await status(client.node)).toBe(200);
  });

  test('count a client that comes without a proxy by its connections', async () => {
    const from = (address: string) => sluice.call('/n/1', { host: 'few.test', from: address });
    const kept = [await RawClient.connect(sluice.port, '127.0.0.2'), await RawClient.connect(sluice.port, '127.0.0.2')];
    for (const one of kept) {
      one.send(get('/n/1', { node: '198.51.100.9' }, 'few'));
      await until('it is served', () => statuses(one.text())[0] === 200);
    }
    await until('a third is refused everywhere', async () => {
      const found = await Promise.all(Array.from({ length: 12 }, () => from('127.0.0.2')));
      return found.every((one) => one.status === 503 && one.text.includes('ConnLimit'));
    });
    expect((await from('127.0.0.3')).status).toBe(200);
    for (const one of kept) one.close();
    await until('there is room again', async () => (await from('127.0.0.2')).status === 200);
  });
});
