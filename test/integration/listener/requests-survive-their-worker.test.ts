import { afterEach, describe, expect, test } from '@jest/globals';
import { lossWindowMs } from '../../../config/base/limits.js';
import { emptyReceipt } from '../../../pools/protocol/listener-to-primary.js';
import { ListenerHarness } from '../../support/listener-harness.js';
import { RawClient, statuses } from '../../support/raw-client.js';
import { ok, RawWorker, type RawWorkerConnection } from '../../support/raw-worker.js';
import { until } from '../../support/time.js';

let listener: ListenerHarness;
let workers: RawWorker[] = [];

afterEach(async () => {
  await listener.stop();
  await Promise.all(workers.map((one) => one.stop()));
  workers = [];
});

async function rawWorker(
  answer: (head: string, connection: RawWorkerConnection, worker: RawWorker) => void,
): Promise<RawWorker> {
  const worker: RawWorker = await RawWorker.start((head, connection) => answer(head, connection, worker));
  workers.push(worker);
  return worker;
}

const good = (head: string, connection: RawWorkerConnection, worker: RawWorker): void =>
  worker.reply(connection, ok(`good ${head.split(' ')[1]}`));
const dies = (_head: string, connection: RawWorkerConnection): void => {
  connection.socket.resetAndDestroy();
};

async function ask(request: string): Promise<RawClient> {
  const client = await RawClient.connect(listener.port);
  client.send(request);
  return client;
}
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
const post = (path: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc`;

describe('retry', () => {
  test('a GET lost with its connection goes to another worker, once', async () => {
    const bad = await rawWorker(dies);
    const fine = await rawWorker(good);
    listener = await ListenerHarness.start();
    await listener.publish([listener.tcpWorker(bad.port), listener.tcpWorker(fine.port)]);
    const client = await ask(get('/x'));
    expect(await client.finishes()).toContain('good /x');
    expect(bad.heads).toHaveLength(1);
    expect(listener.all('crash-line')).toHaveLength(1);
    expect(listener.all('crash-line-cleared')).toHaveLength(1);
  });

  test('a second loss is 502.3', async () => {
    const bad = await rawWorker(dies);
    listener = await ListenerHarness.start();
    await listener.publish([listener.tcpWorker(bad.port)]);
    expect(await (await ask(get('/x'))).finishes()).toMatch(/^HTTP\/1\.1 502 [^]*502\.3/);
    expect(bad.heads).toHaveLength(2);
  });

  test('a line that was in flight at two crashes is not tried again', async () => {
    const bad = await rawWorker(dies);
    const worse = await rawWorker(dies);
    listener = await ListenerHarness.start();
    await listener.publish([listener.tcpWorker(bad.port)]);
    await (await ask(get('/poison'))).finishes();
    await listener.publish([listener.tcpWorker(worse.port)]);
    expect(await (await ask(get('/poison'))).finishes()).toContain('502.3 Bad Gateway');
    expect(worse.heads).toHaveLength(1);
  });

  test('two workers that die together are one crash of a line in flight in both', async () => {
    const held: RawWorkerConnection[] = [];
    const holds = (_head: string, connection: RawWorkerConnection): void => void held.push(connection);
    const doomed = [await rawWorker(holds), await rawWorker(holds)];
    const fine = await rawWorker(good);
    listener = await ListenerHarness.start();
    const [first, second] = doomed.map((one) => listener.tcpWorker(one.port));
    if (first === undefined || second === undefined) throw new Error('two workers');
    await listener.publish([first, second]);
    const clients = [await ask(get('/popular')), await ask(get('/popular'))];
    await until('each has one', () => doomed.every((one) => one.heads.length === 1));
    // What the primary does at a death: the publication first, then the word.
    await listener.publish([listener.tcpWorker(fine.port)]);
    for (const { workerId } of [first, second]) listener.send({ type: 'worker-gone', workerId, reason: 'crash' });
    for (const client of clients) expect(await client.finishes()).toContain('good /popular');
    expect(fine.heads).toHaveLength(2);
  });

  test('a POST whose body was sent is never sent twice', async () => {
    const bad = await rawWorker(dies);
    const fine = await rawWorker(good);
    listener = await ListenerHarness.start();
    await listener.publish([listener.tcpWorker(bad.port)]);
    expect(statuses(await (await ask(post('/x'))).finishes())).toEqual([502]);
    expect(bad.heads).toHaveLength(1);
    expect(fine.heads).toHaveLength(0);
  });

  test('nothing is retried after a byte went to the client', async () => {
    const half = await rawWorker((_head, connection) => {
      connection.socket.write('HTTP/1.1 103 Early Hints\r\n\r\n', () => connection.socket.resetAndDestroy());
    });
    listener = await ListenerHarness.start();
    await listener.publish([listener.tcpWorker(half.port)]);
    expect(statuses(await (await ask(get('/x'))).finishes())).toEqual([502]);
    expect(half.heads).toHaveLength(1);
  });

  test('a refused connect hands nothing over: the request waits for a new worker', async () => {
    const gone = await rawWorker(good);
    const { port } = gone;
    await gone.stop();
    workers = [];
    const fine = await rawWorker(good);
    listener = await ListenerHarness.start();
    await listener.publish([listener.tcpWorker(port)]);
    const client = await ask(post('/x'));
    await listener.heard('unreachable');
    listener.send({ type: 'worker-gone', workerId: 1, reason: 'crash' });
    await listener.heard('need-worker');
    await listener.publish([listener.tcpWorker(fine.port)]);
    expect(await client.finishes()).toContain('good /x');
    expect(fine.connections[0]?.received).toMatch(/\r\n\r\nabc$/);
  });

  test('on a new worker what was lost before comes first', async () => {
    const bad = await rawWorker(dies);
    listener = await ListenerHarness.start();
    await listener.publish([listener.tcpWorker(bad.port)]);
    const lost = await ask(get('/lost'));
    await listener.heard('crash-line');
    await listener.publish([]);
    const later = await ask(get('/later'));
    await listener.heard('claim');
    const fine = await rawWorker(good);
    await listener.publish([listener.tcpWorker(fine.port)]);
    expect(await lost.finishes()).toContain('good /lost');
    expect(await later.finishes()).toContain('good /later');
    expect(fine.heads.map((head) => head.split(' ')[1])).toEqual(['/lost', '/later']);
  });

  test('a kept connection that the worker closed is replaced', async () => {
    const once = await rawWorker((head, connection, worker) => {
      // The second request on a connection meets a reset, as if the worker had just closed it.
      if ((connection.received.match(/HTTP\/1\.1/g) ?? []).length > 1) connection.socket.resetAndDestroy();
      else good(head, connection, worker);
    });
    listener = await ListenerHarness.start();
    await listener.publish([listener.tcpWorker(once.port)]);
    const client = await RawClient.connect(listener.port);
    client.send('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.receives('good /1');
    client.send(get('/2'));
    expect(await client.finishes()).toContain('good /2');
  });
});

describe('new routes and a kept connection', () => {
  test('who is a trusted proxy is judged anew', async () => {
    const worker = await rawWorker(good);
    listener = await ListenerHarness.start();
    await listener.publish([listener.tcpWorker(worker.port)]);
    const client = await RawClient.connect(listener.port);
    const base = listener.defaultRoutes();
    for (const [index, trustedProxies] of [[], ['127.0.0.1'], []].entries()) {
      const number = listener.routes({ ...base, settings: { ...base.settings, trustedProxies } });
      await until('the routes are known', () => listener.all('ack').some((ack) => ack.number === number), {
        everyMs: 5,
      });
      client.send(`GET /${index} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.9.8.7\r\n\r\n`);
      await client.receives(`good /${index}`);
    }
    const told = worker.heads.map((head) => /x-forwarded-for: ([^\r]*)/i.exec(head)?.[1]);
    expect(told).toEqual(['127.0.0.1', '10.9.8.7', '127.0.0.1']);
  });
});

describe('queue', () => {
  test('requests wait for a worker that is started once, in order', async () => {
    listener = await ListenerHarness.start();
    const clients = [await ask(get('/1')), await ask(get('/2')), await ask(get('/3'))];
    await listener.heard('need-worker');
    const fine = await rawWorker(good);
    await until('all three wait', () => listener.all('claim').reduce((sum, one) => sum + one.count, 0) === 3);
    await listener.publish([listener.tcpWorker(fine.port)]);
    for (const [index, client] of clients.entries()) expect(await client.finishes()).toContain(`good /${index + 1}`);
    expect(listener.all('need-worker')).toHaveLength(1);
    await until('all are released', () => listener.all('release').reduce((sum, one) => sum + one.count, 0) === 3);
    expect(fine.heads.map((head) => head.split(' ')[1])).toEqual(['/1', '/2', '/3']);
  });

  test('what the primary does not grant is 503 QueueFull with Retry-After', async () => {
    listener = await ListenerHarness.start({ answersClaims: false });
    const clients = [await ask(get('/1'))];
    const claim = await listener.heard('claim');
    listener.send({ type: 'claimed', claimId: claim.claimId, granted: 0 });
    const text = await clients[0]?.finishes();
    expect(text).toMatch(/^HTTP\/1\.1 503 [^]*Retry-After: 1\r\n[^]*QueueFull/);
  });

  test('a silent primary: the listener uses its share', async () => {
    listener = await ListenerHarness.start({
      answersClaims: false,
      pool: { queueLength: 2 },
      settings: { listeners: 2 },
    });
    const first = await ask(get('/1'));
    await listener.heard('claim');
    const second = await ask(get('/2'));
    expect(await second.finishes()).toContain('QueueFull');
    const fine = await rawWorker(good);
    await listener.publish([listener.tcpWorker(fine.port)]);
    expect(await first.finishes()).toContain('good /1');
  });

  test('a client that leaves is taken out of the queue', async () => {
    listener = await ListenerHarness.start();
    const client = await ask(get('/1'));
    await listener.heard('claim');
    client.reset();
    await listener.heard('release');
    const fine = await rawWorker(good);
    await listener.publish([listener.tcpWorker(fine.port)]);
    await (await ask(get('/2'))).finishes();
    expect(fine.heads).toHaveLength(1);
  });

  test('waiting too long is 503 AppPoolTimer', async () => {
    listener = await ListenerHarness.start({ site: { connectionTimeoutMs: 600 } });
    expect(await (await ask(get('/1'))).finishes()).toContain('AppPoolTimer');
  });

  test('maxConcurrentRequests holds back what a worker may not get yet', async () => {
    const held: RawWorkerConnection[] = [];
    const slow = await rawWorker((_head, connection) => held.push(connection));
    listener = await ListenerHarness.start({ pool: { maxConcurrentRequests: 2 } });
    await listener.publish([listener.tcpWorker(slow.port)]);
    const clients = await Promise.all(['/1', '/2', '/3', '/4'].map((path) => ask(get(path))));
    await until('two wait', () => listener.all('claim').reduce((sum, one) => sum + one.count, 0) === 2);
    await until('two are there', () => slow.openMax === 2);
    while (slow.heads.length < 4 || held.length > 0) {
      const connection = await until('a request is open', () => held.shift() ?? null, { everyMs: 5 });
      slow.reply(connection, ok('done'));
    }
    for (const client of clients) expect(await client.finishes()).toContain('done');
    expect(slow.openMax).toBe(2);
  });

  test('a stored failure answers those who wait and those who come', async () => {
    listener = await ListenerHarness.start();
    const waiting = await ask(get('/1'));
    await listener.heard('claim');
    await listener.publish([], { status: 502, subStatus: 5, reason: 'StartFailed', title: '', retryAfterSeconds: 7 });
    expect(await waiting.finishes()).toMatch(/^HTTP\/1\.1 502 [^]*Retry-After: 7/);
    expect(await (await ask(get('/2'))).finishes()).toContain('502.5 Bad Gateway');
  });
});

describe('drain', () => {
  test('a drained worker finishes what it has and gets nothing new', async () => {
    const held: RawWorkerConnection[] = [];
    const old = await rawWorker((_head, connection) => held.push(connection));
    const fresh = await rawWorker(good);
    listener = await ListenerHarness.start();
    const oldWorker = listener.tcpWorker(old.port);
    await listener.publish([oldWorker]);
    const client = await ask(get('/slow'));
    await until('the old worker has it', () => held.length === 1);
    await listener.publish([listener.tcpWorker(fresh.port)]);
    listener.send({ type: 'drain', workerId: oldWorker.workerId, noticeAfterMs: 60_000 });
    expect(await (await ask(get('/new'))).finishes()).toContain('good /new');
    expect(listener.all('drained')).toHaveLength(0);
    const connection = held[0];
    if (connection !== undefined) old.reply(connection, ok('slow'));
    expect(await client.finishes()).toContain('slow');
    expect((await listener.heard('drained')).receipt).toEqual({ ...emptyReceipt, inFlight: 1, drained: 1 });
  });

  test('tunnels get a close frame 1012 between two frames, then the end', async () => {
    const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    let tunnel: RawWorkerConnection | null = null;
    const worker = await rawWorker((_head, connection, raw) => {
      tunnel = connection;
      // Half a frame of five bytes follows the head.
      raw.reply(connection, `${upgrade}\x82\x05ab`);
    });
    listener = await ListenerHarness.start();
    const published = listener.tcpWorker(worker.port);
    await listener.publish([published]);
    const client = await ask(
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    await client.receives('\x82\x05ab');
    await listener.publish([]);
    listener.send({ type: 'drain', workerId: published.workerId, noticeAfterMs: 0 });
    listener.send({ type: 'ping', id: 1 });
    await listener.heard('pong');
    const connection = await until('the tunnel is known', () => tunnel);
    connection.socket.write('cde\x81\x01x');
    const text = await client.finishes();
    expect(text.endsWith('\x82\x05abcde\x88\x02\x03\xf4')).toBe(true);
    expect((await listener.heard('drained')).receipt).toEqual({ ...emptyReceipt, inFlight: 1, socketsNoticed: 1 });
  });

  test('the receipt of a worker that is killed while it drains tells what was retried and what was cut', async () => {
    const held: RawWorkerConnection[] = [];
    const old = await rawWorker((_head, connection) => held.push(connection));
    const fresh = await rawWorker(good);
    listener = await ListenerHarness.start();
    const oldWorker = listener.tcpWorker(old.port);
    await listener.publish([oldWorker]);
    const clients = [await ask(get('/get')), await ask(post('/post')), await ask(get('/late'))];
    await until('the old worker has them', () => held.length === 3 && old.heads.length === 3);
    await listener.publish([listener.tcpWorker(fresh.port)]);
    const { workerId } = oldWorker;
    listener.send({ type: 'drain', workerId, noticeAfterMs: 0 });
    const late = held[old.heads.findIndex((head) => head.includes('/late'))];
    if (late !== undefined) old.reply(late, ok('late'));
    expect(await clients[2]?.finishes()).toContain('late');
    listener.send({ type: 'worker-gone', workerId, reason: 'killed' });
    expect(await clients[0]?.finishes()).toContain('good /get');
    expect(await clients[1]?.finishes()).toMatch(/^HTTP\/1\.1 502 /);
    const { receipt } = await listener.heard('lost');
    expect(receipt).toEqual({ ...emptyReceipt, inFlight: 3, late: 1, retried: 1, cut: 1 });
  });

  test('the receipt of a crash counts what broke with the worker, not a connection that broke long before', async () => {
    const held: RawWorkerConnection[] = [];
    const worker = await rawWorker((head, connection, raw) => {
      if (head.includes('/reset')) connection.socket.resetAndDestroy();
      else if (head.includes('/fine')) raw.reply(connection, ok('fine'));
      else held.push(connection);
    });
    listener = await ListenerHarness.start();
    const published = listener.tcpWorker(worker.port);
    await listener.publish([published]);
    await (await ask(post('/reset'))).finishes();
    const brokeAtMs = performance.now();
    await until('that is long ago', () => performance.now() - brokeAtMs > lossWindowMs, { everyMs: 50 });
    const client = await ask(post('/x'));
    await until('the worker has it', () => held.length === 1);
    held[0]?.socket.resetAndDestroy();
    expect(await client.finishes()).toMatch(/^HTTP\/1\.1 502 /);
    listener.send({ type: 'worker-gone', workerId: published.workerId, reason: 'crash' });
    const lost = await listener.heard('lost');
    expect(lost.receipt).toEqual({ ...emptyReceipt, inFlight: 1, cut: 1 });
    expect(lost.lines).toEqual(['POST /x']);
  });

  test('a worker that was never known here is answered for too', async () => {
    listener = await ListenerHarness.start();
    listener.send({ type: 'worker-gone', workerId: 77, reason: 'stopped' });
    expect((await listener.heard('lost')).receipt).toEqual(emptyReceipt);
  });

  test('shutdown: idle connections end, a busy one with its answer, then the process', async () => {
    const held: RawWorkerConnection[] = [];
    const worker = await rawWorker((_head, connection) => held.push(connection));
    listener = await ListenerHarness.start();
    await listener.publish([listener.tcpWorker(worker.port)]);
    const idle = await RawClient.connect(listener.port);
    const busy = await ask('GET /busy HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('the worker has it', () => held.length === 1);
    listener.send({ type: 'shutdown', limitMs: 20_000, lingerMs: 0 });
    await idle.finishes();
    const connection = held[0];
    if (connection !== undefined) worker.reply(connection, ok('busy'));
    expect(await busy.finishes()).toMatch(/Connection: close[^]*busy/);
    busy.close();
    idle.close();
    await listener.heard('closed');
    await until('the process ends', () => !listener.isAlive);
  });
});
