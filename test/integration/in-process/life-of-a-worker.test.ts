import { expect, test } from '@jest/globals';
import { AnswerFlag, FrameType, RequestFlag } from '../../../pools/link/frames.js';
import { encodeHello } from '../../../pools/link/payloads.js';
import { HostedApp } from '../../support/hosted-app.js';
import { TestLink } from '../../support/link-front.js';
import { TestStream } from '../../support/test-stream.js';
import { until } from '../../support/time.js';
import { withHosted } from './hosted.js';

const life = 'life.cjs';

test('the app sees a worker of a cluster and nothing of the host', async () => {
  await withHosted(
    life,
    async (_hosted, link) => {
      expect(JSON.parse(await new TestStream(link).get('/facts'))).toEqual({
        main: true,
        parent: true,
        execArgv: [],
        start: [],
        port: '18080',
        isPrimary: false,
        isWorker: true,
        id: 3,
        connected: [true, true, 'undefined'],
        sent: false,
        signals: [0, 0, 0, 0, 0],
        loaded: [],
      });
    },
    { slot: 3 },
  );
});

test('servers in threads, in children and beside the app listen for real', async () => {
  await withHosted(life, async (_hosted, link) => {
    expect(JSON.parse(await new TestStream(link).get('/thread'))).toEqual({ text: 'thread' });
    expect(JSON.parse(await new TestStream(link).get('/child'))).toEqual({ text: 'child', execArgv: [] });
    expect(JSON.parse(await new TestStream(link).get('/second'))).toEqual({ text: 'second', address: '127.0.0.1' });
    expect(JSON.parse(await new TestStream(link).get('/raw-server'))).toEqual({ port: true });
  });
});

test('a wrong token or protocol ends the link', async () => {
  await withHosted(life, async (hosted) => {
    for (const hello of [
      encodeHello({ protocol: 1, token: 'wrong', listener: 1 }),
      encodeHello({ protocol: 1, token: `${HostedApp.token}x`, listener: 1 }),
      encodeHello({ protocol: 99, token: HostedApp.token, listener: 1 }),
      'no json',
    ]) {
      const link = new TestLink(hosted.socketPath, hello);
      await until('the link is closed', () => link.isClosed, { everyMs: 5 });
      expect(link.frames).toEqual([]);
    }
  });
});

test('little asked, its heartbeats come seldom; a request brings one if it is not answered soon', async () => {
  await withHosted(life, async (hosted, link) => {
    const beats = () => hosted.messages.filter((one) => one.type === 'heartbeat');
    const quiet = () => until('quiet', () => beats().at(-1)?.quiet === true);
    await until('an answer that brings no beat of its own', async () => {
      await quiet();
      const first = beats().length;
      await new TestStream(link).get('/go');
      await until('the next beat', () => beats().length > first);
      return beats()[first]?.quiet === true;
    });
    await quiet();
    const before = beats().length;
    const stream = new TestStream(link);
    stream.ask('/wait');
    link.writer.flush();
    const itsOwn = () =>
      beats()
        .slice(before)
        .filter(({ inFlight, quiet }) => inFlight === 1 && !quiet);
    await until('beats while it is answered', () => itsOwn().length > 1);
    expect(beats().at(-1)).toMatchObject({ inFlight: 1, quiet: false });
    hosted.child.kill('SIGUSR2');
    await quiet();
  });
});

test('draining: new streams are refused, idle ones closed, a busy one released after its answer', async () => {
  await withHosted(life, async (hosted, link) => {
    const idle = new TestStream(link);
    await idle.get('/facts');
    const busy = new TestStream(link);
    busy.ask('/wait');
    link.writer.flush();
    await until('one in flight', () => hosted.messages.some((one) => one.type === 'heartbeat' && one.inFlight === 1));
    hosted.send({ type: 'drain' });
    await until('goaway', () => link.frames.some((frame) => frame.type === FrameType.Goaway), { everyMs: 5 });
    await idle.receives(FrameType.Closed);
    const late = new TestStream(link);
    late.ask('/facts');
    link.writer.flush();
    await late.receives(FrameType.Refused);
    expect(busy.has(FrameType.Closed)).toBe(false);
    hosted.child.kill('SIGUSR2');
    await busy.receives(FrameType.Closed);
    expect(busy.isEnded).toBe(true);
    hosted.child.kill('SIGTERM');
    expect((await hosted.exited()).signal).toBe('SIGTERM');
  });
});

test('idle virtual sockets are swept; the next request makes a new one', async () => {
  await withHosted(life, async (_hosted, link) => {
    const swept = new TestStream(link);
    await swept.get('/facts');
    await swept.receives(FrameType.Closed);
    swept.ask('/facts');
    link.writer.flush();
    await swept.receives(FrameType.Refused);
    expect(JSON.parse(await new TestStream(link).get('/counts'))).toMatchObject({ sockets: 1 });
  });
});

test('10,000 requests leave no listeners and no sockets behind', async () => {
  await withHosted(life, async (_hosted, link) => {
    const counts = async (): Promise<string> => {
      const stream = new TestStream(link);
      const text = await stream.get('/counts');
      stream.send(FrameType.Close);
      link.writer.flush();
      return text;
    };
    const before = await counts();
    for (let round = 0; round < 100; round += 1) {
      const streams = Array.from({ length: 100 }, () => new TestStream(link));
      for (const one of streams) one.ask('/go');
      link.writer.flush();
      for (const one of streams) await one.ended();
      for (const one of streams) one.send(FrameType.Close);
      link.writer.flush();
    }
    expect(await until('the sockets are gone', async () => (await counts()) === before)).toBe(true);
  });
});

test('server.close() lets the process end by itself with code 0', async () => {
  await withHosted(life, async (hosted, link) => {
    const stream = new TestStream(link);
    expect(await stream.get('/stop-listening')).toBe('{}');
    expect(await hosted.exited()).toEqual({ code: 0, signal: null });
  });
});

test('closeAllConnections cuts what is in flight', async () => {
  await withHosted(life, async (_hosted, link) => {
    const waiting = new TestStream(link);
    waiting.ask('/wait');
    link.writer.flush();
    await new TestStream(link).get('/close-all');
    await waiting.receives(FrameType.Reset);
    expect(waiting.frames.some((frame) => (frame.flags & AnswerFlag.end) !== 0)).toBe(false);
  });
});

test('a request behind the end of its socket is refused, not lost', async () => {
  await withHosted(life, async (_hosted, link) => {
    const stream = new TestStream(link);
    await stream.get('/end-later');
    await stream.receives(FrameType.Fin);
    stream.ask('/facts', 'POST', ['Host', 'test', 'Content-Length', '4'], RequestFlag.body);
    stream.body(Buffer.from('body'), true);
    link.writer.flush();
    await stream.receives(FrameType.Refused);
    stream.send(FrameType.Close);
    expect(JSON.parse(await new TestStream(link).get('/asked'))).toEqual({ asked: 2 });
  });
});

test('a worker whose primary is gone exits', async () => {
  await withHosted(life, async (hosted) => {
    hosted.dropControl();
    expect((await hosted.exited()).code).toBe(1);
  });
});

test('ping is answered with what is in flight on all links', async () => {
  await withHosted(life, async (hosted, link) => {
    const second = new TestLink(hosted.socketPath);
    const waiting = new TestStream(second);
    waiting.ask('/wait');
    second.writer.flush();
    await new TestStream(second).get('/facts');
    link.writer.number(FrameType.Ping, 0, 0, 7);
    link.writer.flush();
    const pong = await until('pong', () => link.frames.find((frame) => frame.type === FrameType.Pong), { everyMs: 5 });
    expect([pong.payload.readUInt32BE(0), pong.payload.readUInt32BE(4)]).toEqual([7, 1]);
    hosted.send({ type: 'ping', id: 5 });
    expect((await hosted.message('pong')).id).toBe(5);
  });
});
