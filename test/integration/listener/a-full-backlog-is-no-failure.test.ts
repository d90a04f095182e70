import { afterEach, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
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
