import { describe, expect, test } from '@jest/globals';
import { type ListeningSocket, parseRow } from '../../../pools/runtimes/out-of-process/listeners.js';
import { judge } from '../../../pools/runtimes/out-of-process/readiness.js';

const row = (local: string, state = '0A', uid = '52001', inode = '14503'): string =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000 ${uid}        0 ${inode} 1 0000000000000000 100 0 0 10 0`;

describe('a row of /proc/net/tcp', () => {
  test.each([
    ['0100007F:1F90', '127.0.0.1', 8_080],
    ['00000000:0050', '0.0.0.0', 80],
    ['00000000000000000000000001000000:2710', '::1', 10_000],
    ['00000000000000000000000000000000:2710', '::', 10_000],
    ['0000000000000000FFFF00000100007F:2710', '127.0.0.1', 10_000],
    ['0200A8C0:2710', '0200A8C0', 10_000],
  ])('%s is %s port %d', (local, address, port) => {
    expect(parseRow(row(local))).toEqual({ address, port, uid: 52_001, inode: '14503' });
  });

  test('that is connected does not listen', () => {
    expect(parseRow(row('0100007F:1F90', '01'))).toBeNull();
    expect(parseRow('')).toBeNull();
  });
});

function socket(address: string, uid: number, port = 23_456): ListeningSocket {
  return { address, port, uid, inode: '1' };
}

describe('a worker of user 7 with port 23456', () => {
  const ask = (...sockets: ListeningSocket[]) => judge({ port: 23_456, sockets, isOwn: (one) => one.uid === 7 });

  test('waits while nobody listens there', () => {
    expect(ask()).toEqual({ kind: 'waiting' });
    expect(ask(socket('127.0.0.1', 7, 23_457))).toEqual({ kind: 'waiting' });
  });

  test.each([
    [['127.0.0.1'], '127.0.0.1'],
    [['0.0.0.0'], '127.0.0.1'],
    [['::'], 'dual'],
    [['::1'], '::1'],
    [['::1', '127.0.0.1'], '127.0.0.1'],
  ])('on %s is reached at %s', (addresses, host) => {
    expect(ask(...addresses.map((address) => socket(address, 7)))).toEqual({ kind: 'ready', host });
  });

  test.each(['127.0.0.1', '0.0.0.0', '::1', '::'])(
    'is refused when a neighbour listens on %s, own listener or not',
    (address) => {
      expect(ask(socket(address, 8))).toEqual({ kind: 'foreign', uid: 8 });
      expect(ask(socket('0.0.0.0', 7), socket(address, 8))).toEqual({ kind: 'foreign', uid: 8 });
    },
  );

  test('does not mind a neighbour on an address that we never connect to', () => {
    expect(ask(socket('127.0.0.1', 7), socket('0200A8C0', 8))).toMatchObject({ kind: 'ready' });
    expect(ask(socket('0200A8C0', 8))).toEqual({ kind: 'waiting' });
  });

  test('on another address only is named', () => {
    expect(ask(socket('0200A8C0', 7))).toEqual({ kind: 'unreachable', address: '0200A8C0' });
  });
});
