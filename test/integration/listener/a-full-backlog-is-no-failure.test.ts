import { afterEach, expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ListenerHarness } from '../../support/listener-harness.js';
import { startProgram } from '../../support/program.js';
import { RawClient } from '../../support/raw-client.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';

let listener: ListenerHarness;

afterEach(async () => {
  await listener.stop();
});

async function post(path: string): Promise<RawClient> {
  const client = await RawClient.connect(listener.port);
  client.send(`POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc`);
  return client;
}

test('a unix socket without room for more connections is asked again, and nobody calls its worker unreachable', async () => {
  const folder = tempFolder();
  const path = join(folder, 'app.sock');
  const script = `require('node:http').createServer((q, r) => r.end('good ' + q.url)).listen({ path: process.argv[1], backlog: 1 })`;
  const busy = startProgram(process.execPath, ['-e', script, path]);
  try {
    await until('it listens', () => existsSync(path));
    listener = await ListenerHarness.start();
    await listener.publish([listener.worker({ kind: 'unix', path, pairingToken: '' })]);
    // Stopped, it accepts nothing: the kernel takes two connections for it.
    busy.child.kill('SIGSTOP');
    const clients = await Promise.all(Array.from({ length: 12 }, (_, index) => post(`/${index}`)));
    await until('the others wait', () => listener.all('claim').reduce((sum, one) => sum + one.count, 0) >= 9);
    busy.child.kill('SIGCONT');
    for (const [index, client] of clients.entries()) expect(await client.finishes()).toContain(`good /${index}`);
    expect(listener.all('unreachable')).toEqual([]);
  } finally {
    await busy.stop('SIGKILL');
    removeFolder(folder);
  }
});

/** Connections to this port of 127.0.0.1 that are not made yet: SYN_SENT of proc(5). */
function connecting(port: number): number {
  const target = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'latin1').split('\n');
  return rows.filter((row) => row.includes(` ${target} 02 `)).length;
}

const portOf = (text: string): number => Number(/port (\d+);/.exec(text)?.[1] ?? 0);

test('clients that leave while their worker is being connected to say nothing about it', async () => {
  const script = `const server = require('node:http').createServer((q, r) => r.end('good ' + q.url)).listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log('port ' + server.address().port + ';'))`;
  const busy = startProgram(process.execPath, ['-e', script]);
  try {
    await until('it listens', () => portOf(busy.output()) > 0);
    const port = portOf(busy.output());
    listener = await ListenerHarness.start();
    await listener.publish([listener.tcpWorker(port)]);
    busy.child.kill('SIGSTOP');
    const clients = await Promise.all(Array.from({ length: 12 }, (_, index) => post(`/${index}`)));
    await until('connections wait', () => connecting(port) >= 8);
    for (const client of clients) client.reset();
    await until('they are given up', () => connecting(port) === 0);
    busy.child.kill('SIGCONT');
    const last = await post('/last');
    expect(await last.finishes()).toContain('good /last');
    expect(listener.all('unreachable')).toEqual([]);
  } finally {
    await busy.stop('SIGKILL');
  }
});
