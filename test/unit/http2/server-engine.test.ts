import { describe, expect, test } from '@jest/globals';
import {
  http2ConnectionWindowBytes,
  http2HeadBytesMax,
  http2StreamQueueHighBytes,
  http2StreamsMax,
} from '../../../config/base/limits.js';
import { FieldKind } from '../../../server/http1/field-kinds.js';
import { createResponseHead } from '../../../server/http1/response-head.js';
import type { ResponseHead } from '../../../server/http1/types.js';
import { ErrorCode, Flag, FrameType, Setting } from '../../../server/http2/codes.js';
import { EngineUnderTest } from '../../conformance/http2/on-engine.js';
import { goAwayCode } from '../../conformance/http2/script.js';
import {
  block,
  data,
  get,
  headers,
  ping,
  post,
  preface,
  requestFields,
  resetStream,
  settings,
  windowUpdate,
} from '../../support/http2-frames.js';

function started(...values: readonly number[]): EngineUnderTest {
  const engine = new EngineUnderTest();
  engine.send(Buffer.concat([preface, settings(...values)]));
  return engine;
}

/** A stream that the test answers itself. */
function held(engine: EngineUnderTest, id: number) {
  engine.send(get(id, '/hold'));
  const stream = [...engine.live].find((one) => one.id === id);
  if (stream === undefined) throw new Error(`no stream ${id}`);
  return stream;
}

function answer(status: number, ...fields: readonly (readonly [string, string, number])[]): ResponseHead {
  const head = createResponseHead();
  head.status = status;
  for (const [name, value, kind] of fields) {
    head.fields.push(name, value);
    head.fieldKinds.push(kind);
  }
  return head;
}

const additions = { date: 'today', cookie: '', strictTransportSecurity: '' };

describe('answers', () => {
  test('a head is that of the worker without what belongs to the connection, and with what the site adds', () => {
    const engine = started();
    const stream = held(engine, 1);
    const head = answer(
      200,
      ['X-Powered-By', 'Express', FieldKind.plain],
      ['Connection', 'keep-alive', FieldKind.connection],
      ['Keep-Alive', 'timeout=5', FieldKind.keepAlive],
      ['Content-Length', '0', FieldKind.contentLength],
    );
    const more = {
      date: 'today',
      cookie: 'a=1',
      strictTransportSecurity: 'max-age=1',
      fields: 'X-Site: s\r\nX-Two: t\r\n',
    };
    engine.connection.respond(stream, head, more, true);
    engine.flush();
    const [frame] = engine.log.of(FrameType.headers, 1);
    expect(frame?.flags).toBe(Flag.endHeaders | Flag.endStream);
    expect(frame?.fields).toEqual(
      [
        [':status', '200'],
        ['x-powered-by', 'Express'],
        ['content-length', '0'],
        ['date', 'today'],
        ['set-cookie', 'a=1'],
        ['strict-transport-security', 'max-age=1'],
        ['x-site', 's'],
        ['x-two', 't'],
      ].flat(),
    );
  });

  test('a head larger than a frame is continued', () => {
    const engine = started();
    const stream = held(engine, 1);
    const fields = Array.from({ length: 12 }, (_, i) => [`X-Large-${i}`, 'v'.repeat(5_000), FieldKind.plain] as const);
    engine.connection.respond(stream, answer(200, ...fields), additions, false);
    engine.connection.end(stream, null);
    engine.flush();
    expect(engine.log.of(FrameType.headers, 1)[0]?.fields.slice(2, 26)).toEqual(
      fields.flatMap(([name, value]) => [name.toLowerCase(), value]),
    );
    expect(engine.log.isEnded(1)).toBe(true);
  });

  test('interim answers, one final head, and the end in the last frame', () => {
    const engine = started();
    const stream = held(engine, 1);
    engine.connection.interim(stream, answer(103, ['Link', '</a>', FieldKind.plain]));
    engine.connection.respond(stream, answer(200), additions, false);
    engine.connection.respond(stream, answer(500), additions, false);
    engine.connection.interim(stream, answer(103));
    engine.connection.data(stream, Buffer.from('abc'), 0, 3);
    engine.connection.end(stream, null);
    engine.flush();
    const seen = engine.log.frames.filter((one) => one.id === 1).map((one) => [one.type, one.flags, one.fields[1]]);
    expect(seen).toEqual([
      [FrameType.headers, Flag.endHeaders, '103'],
      [FrameType.headers, Flag.endHeaders, '200'],
      [FrameType.data, Flag.endStream, undefined],
    ]);
  });

  test('an extended CONNECT is an upgrade for the worker, and its 101 is 200 for the client', () => {
    const engine = started();
    const fields = requestFields('CONNECT', '/hold', ':protocol', 'websocket').filter((text) => text !== '');
    engine.send(headers(1, block(...fields, 'sec-websocket-version', '13', 'sec-websocket-key', 'theirs'), 0));
    const [stream] = engine.live;
    if (stream === undefined) throw new Error('no stream');
    const { request } = stream;
    expect([request.method, request.upgradeWebSocket, request.framing, request.rejection]).toEqual([
      'GET',
      true,
      'none',
      null,
    ]);
    expect(request.fields.filter((text) => text === 'sec-websocket-key').length).toBe(1);
    expect(request.fields.slice(-6, -2)).toEqual(['connection', 'Upgrade', 'upgrade', 'websocket']);
    const accepted = answer(
      101,
      ['Upgrade', 'websocket', FieldKind.upgrade],
      ['Sec-WebSocket-Accept', 'x', FieldKind.plain],
    );
    engine.connection.respond(stream, accepted, additions, false);
    engine.send(data(1, 'frame'));
    engine.connection.data(stream, Buffer.from('frame'), 0, 5);
    engine.flush();
    expect(engine.log.of(FrameType.headers, 1)[0]?.fields).toEqual([':status', '200', 'date', 'today']);
    expect([stream.receivedBytes, engine.log.body(1)]).toEqual([5, 'frame']);
    engine.send(headers(1, block('x-trailer', '1')));
    expect(engine.told.slice(-2)).toEqual(['malformed TunnelHeaders', 'reset 1 1 us']);
  });
});

describe('flow control', () => {
  test('streams that wait go on in turn, a frame each', () => {
    const engine = started(Setting.initialWindowSize, 100_000);
    engine.send(windowUpdate(0, 1_000_000));
    const streams = [held(engine, 1), held(engine, 3)];
    engine.output.isFull = true;
    for (const stream of streams) {
      engine.connection.respond(stream, answer(200), additions, false);
      engine.connection.data(stream, Buffer.alloc(40_000), 0, 40_000);
    }
    engine.flush();
    expect(engine.log.of(FrameType.data)).toEqual([]);
    engine.output.isFull = false;
    engine.connection.outputDrained();
    engine.flush();
    expect(engine.log.of(FrameType.data).map((one) => one.id)).toEqual([1, 3, 1, 3, 1, 3]);
  });

  test('the source is told to go on when a high queue became low', () => {
    const engine = started(Setting.initialWindowSize, 0);
    const stream = held(engine, 1);
    engine.connection.respond(stream, answer(200), additions, false);
    const bytes = http2StreamQueueHighBytes + 1;
    engine.connection.data(stream, Buffer.alloc(bytes), 0, bytes);
    expect(stream.queuedBytes).toBe(bytes);
    engine.send(windowUpdate(1, 30_000));
    expect(engine.told).not.toContain('writable 1');
    engine.send(windowUpdate(1, 30_000));
    expect(engine.told.filter((line) => line === 'writable 1')).toEqual(['writable 1']);
  });

  test('what a stream that ends never consumed is given back to the connection', () => {
    const engine = started();
    for (let id = 1; id < 60; id += 2) {
      engine.send(post(id, '/hold'));
      for (let i = 0; i < 4; i++) engine.send(data(id, Buffer.alloc(10_000)));
      engine.send(resetStream(id, ErrorCode.cancel));
    }
    const credit = engine.log.of(FrameType.windowUpdate, 0).map((one) => one.payload.readUInt32BE(0));
    expect(goAwayCode(engine.log)).toBe(-1);
    expect(credit.slice(1).reduce((sum, one) => sum + one, 0)).toBeGreaterThan(http2ConnectionWindowBytes);
  });

  test('a released answer is still sent to its end, then an unread request is stopped without an error', () => {
    const engine = started(Setting.initialWindowSize, 10);
    engine.send(post(1, '/early-not'));
    const [stream] = engine.live;
    if (stream === undefined) throw new Error('no stream');
    engine.connection.respondWith(stream, 200, [], false);
    engine.connection.data(stream, Buffer.alloc(100), 0, 100);
    engine.connection.end(stream, null);
    engine.connection.release(stream);
    expect(engine.connection.streamCount).toBe(1);
    engine.send(data(1, 'unwanted'));
    engine.send(windowUpdate(1, 1_000));
    const seen = engine.log.frames.filter((one) => one.id === 1).map((one) => [one.type, one.flags]);
    expect(seen.slice(-2)).toEqual([
      [FrameType.data, Flag.endStream],
      [FrameType.rstStream, 0],
    ]);
    expect(engine.log.of(FrameType.rstStream, 1)[0]?.payload.readUInt32BE(0)).toBe(ErrorCode.noError);
    expect(engine.connection.streamCount).toBe(0);
  });
});

describe('endings', () => {
  test('GOAWAY in two steps: what comes in between is served, what comes later is not', () => {
    const engine = started();
    engine.connection.goAway();
    engine.flush();
    expect(engine.log.of(FrameType.goAway).map((one) => one.payload.readUInt32BE(0))).toEqual([0x7fff_ffff]);
    engine.send(get(1, '/hold'));
    const [question] = engine.log.of(FrameType.ping);
    // Clients answer first of all; a request that was written before may stand behind it.
    engine.send(Buffer.concat([ping(question?.payload.toString('latin1') ?? '', Flag.ack), get(3, '/hold')]));
    engine.connection.goAway();
    engine.flush();
    expect(engine.log.of(FrameType.goAway).map((one) => one.payload.readUInt32BE(0))).toEqual([0x7fff_ffff, 3]);
    engine.send(get(5));
    const requests = engine.told.filter((line) => line.startsWith('request'));
    expect(requests).toEqual(['request 1 GET /hold ', 'request 3 GET /hold ']);
    expect(engine.told).not.toContain('drained');
    for (const stream of engine.live) {
      engine.connection.respondWith(stream, 204, [], true);
      engine.connection.release(stream);
    }
    expect(engine.told.at(-1)).toBe('drained');
  });

  test('a client that does not answer is told its last stream after a few ticks', () => {
    const engine = started();
    for (let call = 1; call <= 5; call++) engine.connection.goAway();
    engine.flush();
    expect(engine.log.of(FrameType.goAway).map((one) => one.payload.readUInt32BE(0))).toEqual([0x7fff_ffff, 0]);
  });

  test('the socket is gone: every stream is told once', () => {
    const engine = started();
    engine.send(Buffer.concat([get(1, '/hold'), get(3, '/hold')]));
    engine.connection.abandon();
    engine.connection.abandon();
    expect(engine.told.slice(-2)).toEqual(['reset 1 8 us', 'reset 3 8 us']);
    expect(engine.output.at).toBe(0);
  });

  test('an error of the connection is told behind the ends of its streams', () => {
    const engine = started();
    engine.send(get(1, '/hold'));
    engine.send(windowUpdate(0, 0));
    expect(engine.told.slice(-2)).toEqual(['reset 1 1 us', 'failed Http2WindowIncrement']);
    engine.send(get(3));
    expect(engine.told.at(-1)).toBe('failed Http2WindowIncrement');
  });

  test('the time of a head that is not complete is known', () => {
    const engine = started();
    const bytes = get(1, '/hold');
    engine.nowMs = 5_000;
    engine.send(bytes.subarray(0, 12));
    expect(engine.connection.headStartedMs).toBe(5_000);
    engine.nowMs = 9_000;
    engine.send(bytes.subarray(12, 20));
    expect(engine.connection.headStartedMs).toBe(5_000);
    engine.send(Buffer.concat([bytes.subarray(20), ping('x').subarray(0, 3)]));
    expect(engine.connection.headStartedMs).toBe(9_000);
    engine.send(ping('x').subarray(3));
    expect(engine.connection.headStartedMs).toBe(0);
  });
});

describe('what a client may cost', () => {
  test('DATA in crumbs is told at once, in its order with everything else', () => {
    const engine = started();
    const crumbs = (id: number, text: string): Buffer[] => Array.from(text, (one) => data(id, one));
    const mixed = [...crumbs(1, 'abc'), ...crumbs(3, 'x'), ...crumbs(1, 'def'), ping('between'), ...crumbs(1, 'gh')];
    engine.send(Buffer.concat([post(1, '/echo'), post(3, '/hold'), ...mixed, data(1, 'i', Flag.endStream)]));
    const told = engine.told.filter((line) => !line.startsWith('request'));
    expect(told).toEqual(['data 1', 'data 3', 'data 1', 'data 1', 'end 1 [abcdefghi] null']);
    expect(engine.log.body(1)).toBe('abcdefghi');
    const pieces = [data(5, 'a'.repeat(2_000)), data(5, 'b'.repeat(2_000)), data(5, 'c')];
    engine.send(Buffer.concat([post(5, '/echo'), ...pieces, data(5, '', Flag.endStream)]));
    expect(engine.told.filter((line) => line === 'data 5').length).toBe(2);
    expect(engine.log.body(5)).toBe(`${'a'.repeat(2_000)}${'b'.repeat(2_000)}c`);
  });

  test('messages of a call, small and many, are borne; requests behind GOAWAY are not without end', () => {
    const engine = started();
    const message = data(1, 'm'.repeat(20));
    engine.send(post(1, '/call'));
    for (let second = 0; second < 20; second++, engine.nowMs += 1_000) {
      engine.send(Buffer.concat(Array.from({ length: 5_000 }, () => message)));
    }
    expect(engine.connection.failure).toBeNull();
    for (let call = 0; call < 6; call++) engine.connection.goAway();
    for (let id = 3; id < 1_000; id += 2) engine.send(get(id));
    expect(engine.told.at(-1)).toBe('failed Http2Frames');
  });

  test('a request that is reset in the bytes it came with is never told', () => {
    const engine = started();
    engine.send(Buffer.concat([get(1), resetStream(1, ErrorCode.cancel), get(3)]));
    expect(engine.told).toEqual(['request 3 GET / ']);
  });

  test('resets are borne in a burst, and again after a while, but not without end', () => {
    const engine = started();
    let id = 1;
    const burst = (count: number): void => {
      for (let i = 0; i < count; i++, id += 2)
        engine.send(Buffer.concat([get(id, '/hold'), resetStream(id, ErrorCode.cancel)]));
    };
    burst(190);
    engine.nowMs += 30_000;
    burst(190);
    expect(goAwayCode(engine.log)).toBe(-1);
    burst(30);
    expect(goAwayCode(engine.log)).toBe(ErrorCode.enhanceYourCalm);
  });

  test('a reset request keeps its place until the owner is through with it', () => {
    const engine = new EngineUnderTest({ onReset: () => undefined });
    engine.send(Buffer.concat([preface, settings()]));
    for (let i = 0; i < http2StreamsMax; i++) {
      engine.send(get(i * 2 + 1, '/hold'));
      engine.send(resetStream(i * 2 + 1, ErrorCode.cancel));
    }
    const id = http2StreamsMax * 2 + 1;
    engine.send(get(id));
    expect(engine.log.of(FrameType.rstStream, id)[0]?.payload.readUInt32BE(0)).toBe(ErrorCode.refusedStream);
    for (const stream of engine.live) engine.connection.release(stream);
    engine.send(get(id + 2));
    expect(engine.log.field(id + 2, ':status')).toBe('200');
  });

  test('the heads of all streams together are bounded', () => {
    const engine = started();
    const large = 'v'.repeat(15_000);
    for (let id = 1; id < 120; id += 2) engine.send(get(id, '/hold', 'x-large', large));
    const refused = engine.log.of(FrameType.rstStream).map((one) => one.payload.readUInt32BE(0));
    expect(new Set(refused)).toEqual(new Set([ErrorCode.refusedStream]));
    expect(engine.live.size).toBe(Math.floor(http2HeadBytesMax / 15_300));
  });

  test('answers to a client that does not read are counted', () => {
    const engine = started();
    engine.output.isFull = true;
    for (let i = 0; i < 1_100; i++, engine.nowMs += 20) engine.send(ping('unread'));
    expect(engine.told).toEqual(['failed Http2UnreadAnswers']);
  });

  test('a stream whose window opens too slowly is reset, another is not', () => {
    const engine = started(Setting.initialWindowSize, 0);
    for (const id of [1, 3]) {
      const stream = held(engine, id);
      engine.connection.respond(stream, answer(200), additions, false);
      engine.connection.data(stream, Buffer.alloc(50_000), 0, 50_000);
    }
    for (let second = 0; second < 8; second++) {
      engine.nowMs += 1_000;
      engine.send(Buffer.concat([windowUpdate(1, 10), windowUpdate(3, 1_000)]));
      engine.connection.tick(engine.nowMs, 240, 5_000);
    }
    expect(engine.told.filter((line) => line.startsWith('reset'))).toEqual(['reset 1 8 us']);
  });

  test('a client that takes nothing of a megabyte is sent away after the grace', () => {
    const engine = started(Setting.initialWindowSize, 0);
    for (let id = 1; id < 40; id += 2) {
      const stream = held(engine, id);
      engine.connection.respond(stream, answer(200), additions, false);
      engine.connection.data(stream, Buffer.alloc(60_000), 0, 60_000);
    }
    engine.connection.tick(engine.nowMs + 500, 0, 5_000);
    engine.connection.tick(engine.nowMs + 5_400, 0, 5_000);
    expect(engine.connection.failure).toBeNull();
    engine.connection.tick(engine.nowMs + 5_500, 0, 5_000);
    expect(engine.told.at(-1)).toBe('failed Http2StalledReader');
  });
});
