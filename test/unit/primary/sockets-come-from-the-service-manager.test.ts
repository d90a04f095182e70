import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import net from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { SiteConfig } from '../../../config/model.js';
import { takePassedSockets } from '../../../server/primary/passed-sockets.js';
import { type BoundHandle, ListeningSockets } from '../../../server/primary/sockets.js';
import { RecordingLogger } from '../../integration/runtimes/harness.js';
import { mainSite, plainBinding } from '../../support/routes.js';

function sites(port: number, ...addresses: readonly string[]): SiteConfig[] {
  return [mainSite(addresses.map((address) => plainBinding(address, port)))];
}

/** The service manager's own copy: bound, on a port that the kernel chose. */
function opened(address: string): { readonly socket: BoundHandle; readonly port: number } {
  const create = Reflect.get(net, '_createServerHandle') as (...args: readonly unknown[]) => BoundHandle;
  const socket = create(address, 0, address.includes(':') ? 6 : 4, undefined, 0);
  const found: { port?: number } = {};
  socket.getsockname(found);
  return { socket, port: found.port ?? 0 };
}

let logger: RecordingLogger;
let managers: BoundHandle[];
let sockets: ListeningSockets | null;

beforeEach(() => {
  [logger, managers, sockets] = [new RecordingLogger(), [], null];
});

afterEach(() => {
  sockets?.close();
  for (const one of managers) one.close();
});

/** The descriptors of a process that was started with these; 3 is the first. */
function passed(
  fds: readonly number[],
  environment: NodeJS.ProcessEnv = { LISTEN_PID: String(process.pid) },
): ListeningSockets {
  sockets = new ListeningSockets((open) => {
    const all = { LISTEN_FDS: String(fds.length), ...environment };
    return takePassedSockets(all, (fd) => open(fds[fd - 3] ?? -1), logger);
  });
  return sockets;
}

test('the binding of its address takes it, gives it back when it goes, and finds it again', () => {
  const { socket, port } = opened('127.0.0.1');
  const own = passed([socket.fd]);
  expect(own.unused()).toEqual([`127.0.0.1:${port}`]);
  own.prepare(sites(port, '127.0.0.1')).commit();
  const [held] = own.held();
  expect([held?.address.key, own.unused()]).toEqual([`127.0.0.1:${port}`, []]);
  own.prepare([]).commit();
  expect([own.held(), own.unused()]).toEqual([[], [`127.0.0.1:${port}`]]);
  own.prepare(sites(port, '127.0.0.1')).commit();
  expect(own.held()[0]).toBe(held);
});

test('one for every address takes every binding of its port; a change that fails leaves it', () => {
  const { socket, port } = opened('::');
  const own = passed([socket.fd]);
  const refused = [...sites(port, '127.0.0.1'), ...sites(1, '203.0.113.7')];
  expect(() => own.prepare(refused)).toThrow('203.0.113.7');
  expect(own.unused()).toEqual([`*:${port}`]);
  own.prepare(sites(port, '127.0.0.1', '127.0.0.2')).commit();
  expect(own.held().map(({ address }) => address.key)).toEqual([`*:${port}`]);
});

test('what is no TCP socket, or the second of an address, is told and left alone', async () => {
  const { socket } = opened('127.0.0.1');
  const file = openSync('/dev/null', 'r');
  const unix = net.createServer().listen({ path: `\0sluice-test-${process.pid}` });
  await once(unix, 'listening');
  const unixFd = (Reflect.get(unix, '_handle') as BoundHandle).fd;
  expect(passed([file, socket.fd, unixFd]).unused()).toHaveLength(1);
  expect(logger.count('passed-socket-unusable')).toBe(2);
  expect(logger.has('sockets-passed')).toBe(true);
  closeSync(file);
  unix.close();
});

test('descriptors that were meant for another process, or for none, are not looked at', () => {
  const { socket } = opened('127.0.0.1');
  managers.push(socket);
  for (const environment of [{}, { LISTEN_PID: '1' }, { LISTEN_PID: String(process.pid), LISTEN_FDS: '0' }]) {
    expect(passed([socket.fd], { LISTEN_PID: '', ...environment }).unused()).toEqual([]);
  }
  expect(logger.lines).toEqual([]);
});
