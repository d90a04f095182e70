/**
 * Cost of the in-process host: `node dist/test/bench/host.bench.js [NODE]`. Figures are
 * CPU microseconds of the worker process per request, hello world, 64 connections, medians of interleaved
 * rounds. Only the ratios of one run mean anything.
 */
import { spawn } from 'node:child_process';
import net from 'node:net';
import { AnswerFlag, FrameType, RequestFlag } from '../../pools/link/frames.js';
import { encodeAddresses, encodeRequest } from '../../pools/link/payloads.js';
import { freePort } from '../support/free-port.js';
import { cleanEnvironment, HostedApp } from '../support/hosted-app.js';
import { call } from '../support/http-client.js';
import { TestLink } from '../support/link-front.js';
import { app } from '../support/paths.js';
import { TestStream } from '../support/test-stream.js';
import { until } from '../support/time.js';

const node = process.argv[2] ?? process.execPath;
const entry = `${app('in-process')}/hello.cjs`;
const connections = 64;
const requests = 60_000;
const rounds = 3;

const fields =
  'Host: bench.localhost, User-Agent: bench/1.0, Accept: */*, Accept-Encoding: gzip, Accept-Language: en, Cookie: session=0123456789abcdef, X-Request-Id: 0123456789'
    .split(', ')
    .flatMap((field) => field.split(': '));

interface Cpu {
  readonly user: number;
  readonly system: number;
}

function microseconds(before: string, after: string): number {
  const a = JSON.parse(before) as Cpu;
  const b = JSON.parse(after) as Cpu;
  return (b.user + b.system - a.user - a.system) / requests;
}

/** Closed loop over the link: each stream asks again when its answer has ended. */
async function loadLink(link: TestLink): Promise<void> {
  const addresses = { remoteAddress: '127.0.0.1', remotePort: 1, localAddress: '127.0.0.1', localPort: 80 };
  const payload = encodeRequest(fields, 'GET', '/hello');
  let sent = 0;
  let done = 0;
  const ids: number[] = [];
  let isScheduled = false;
  const ask = (id: number, flags: number, text: string): void => {
    sent += 1;
    link.writer.latin1(FrameType.Request, flags, 0, id, text);
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      link.writer.flush();
    });
  };
  for (let index = 0; index < connections; index += 1) {
    const id = link.newStream((frame) => {
      if (frame.type !== FrameType.Answer) return;
      link.writer.number(FrameType.Credit, 0, id, frame.payload.length);
      if ((frame.flags & AnswerFlag.end) === 0) return;
      done += 1;
      if (sent < requests) ask(id, 0, payload);
    });
    ids.push(id);
    ask(id, RequestFlag.newStream, payload + encodeAddresses(addresses));
  }
  await until('all answers', () => done === requests, { withinMs: 120_000 });
  for (const id of ids) link.writer.empty(FrameType.Close, 0, id);
  link.writer.flush();
}

async function measureHosted(path: 'auto' | 'slow' | 'documented'): Promise<number> {
  const hosted = HostedApp.start({ entry, node, path });
  try {
    await hosted.message('listening');
    const link = new TestLink(hosted.socketPath);
    await loadLink(link);
    const before = await new TestStream(link).get('/cpu');
    await loadLink(link);
    const after = await new TestStream(link).get('/cpu');
    link.socket.destroy();
    return microseconds(before, after);
  } finally {
    await hosted.stop();
  }
}

async function loadTcp(port: number): Promise<void> {
  let head = 'GET /hello HTTP/1.1\r\n';
  for (let at = 0; at < fields.length; at += 2) head += `${fields[at]}: ${fields[at + 1]}\r\n`;
  head += '\r\n';
  let sent = 0;
  let done = 0;
  const sockets = Array.from({ length: connections }, () => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    socket.on('data', () => {
      done += 1;
      if (sent >= requests) return;
      sent += 1;
      socket.write(head);
    });
    sent += 1;
    socket.write(head);
    return socket;
  });
  await until('all answers', () => done === requests, { withinMs: 120_000 });
  for (const socket of sockets) socket.destroy();
}

async function measureAlone(): Promise<number> {
  const port = await freePort();
  const child = spawn(node, [entry], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...cleanEnvironment(), PORT: String(port) },
  });
  try {
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await loadTcp(port);
    const before = (await call(port, '/cpu')).text;
    await loadTcp(port);
    return microseconds(before, (await call(port, '/cpu')).text);
  } finally {
    child.kill('SIGKILL');
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

const results = new Map<string, number[]>();
for (let round = 0; round < rounds; round += 1) {
  for (const name of ['alone', 'auto', 'slow', 'documented'] as const) {
    const value = name === 'alone' ? await measureAlone() : await measureHosted(name);
    results.set(name, [...(results.get(name) ?? []), value]);
  }
}
for (const [name, values] of results) {
  console.log(`${name.padEnd(11)} ${median(values).toFixed(1)} us of worker CPU per request`);
}
