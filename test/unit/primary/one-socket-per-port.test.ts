import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { BindingConfig, SiteConfig } from '../../../config/model.js';
import { ListeningSockets } from '../../../server/primary/sockets.js';
import { freePort } from '../../support/free-port.js';
import { mainSite, plainBinding } from '../../support/routes.js';

const binding = plainBinding;
const sites = (...bindings: BindingConfig[]): SiteConfig[] => [mainSite(bindings)];

let sockets: ListeningSockets;
let port: number;
const servers: Server[] = [];

beforeEach(async () => {
  sockets = new ListeningSockets();
  port = await freePort();
});

afterEach(async () => {
  sockets.close();
  for (const server of servers.splice(0)) {
    server.close();
    await once(server, 'close');
  }
});

async function occupy(where: number): Promise<void> {
  const server = createServer();
  servers.push(server);
  server.listen(where, '127.0.0.1');
  await once(server, 'listening');
}

function keys(): string[] {
  return sockets.held().map((one) => one.address.key);
}

function apply(...bindings: BindingConfig[]): void {
  sockets.prepare(sites(...bindings)).commit();
}

describe('which sockets', () => {
  test('a port with a * binding has one socket for every address', () => {
    apply(binding('127.0.0.1', port, 'a.test'), binding('*', port, 'b.test'), binding('127.0.0.2', port));
    expect(keys()).toEqual([`*:${port}`]);
    expect(['::', '0.0.0.0']).toContain(sockets.held()[0]?.address.address);
  });

  test('without * there is one per address', () => {
    apply(binding('127.0.0.1', port, 'a.test'), binding('127.0.0.2', port), binding('127.0.0.1', port, 'b.test'));
    expect(keys()).toEqual([`127.0.0.1:${port}`, `127.0.0.2:${port}`]);
  });

  test('a port held for every address stays so while any binding wants it', () => {
    apply(binding('*', port));
    const before = sockets.held()[0];
    apply(binding('127.0.0.1', port));
    expect(sockets.held()).toEqual([before]);
    apply();
    expect(keys()).toEqual([]);
  });
});

describe('two phases', () => {
  test('unchanged sockets are the same handles after a change', async () => {
    const other = await freePort();
    apply(binding('*', port));
    const [kept] = sockets.held();
    const prepared = sockets.prepare(sites(binding('*', port), binding('127.0.0.1', other)));
    expect(keys()).toEqual([`*:${port}`]);
    expect(prepared.added.map((one) => one.address.key)).toEqual([`127.0.0.1:${other}`]);
    prepared.commit();
    expect(sockets.held()).toContain(kept);
    expect(keys()).toEqual([`*:${port}`, `127.0.0.1:${other}`]);
  });

  test('what was prepared and discarded is free again', () => {
    sockets.prepare(sites(binding('127.0.0.1', port))).discard();
    expect(keys()).toEqual([]);
    apply(binding('127.0.0.1', port));
    expect(keys()).toEqual([`127.0.0.1:${port}`]);
  });

  test('a port in use changes nothing and the message names the binding', async () => {
    const other = await freePort();
    await occupy(other);
    apply(binding('127.0.0.1', port));
    expect(() => sockets.prepare(sites(binding('*', port + 1), binding('127.0.0.1', other, 'a.test')))).toThrow(
      `cannot listen on 127.0.0.1:${other} (site main, 127.0.0.1:${other}:a.test): EADDRINUSE`,
    );
    expect(keys()).toEqual([`127.0.0.1:${port}`]);
  });

  test('an address of no interface is named', () => {
    expect(() => sockets.prepare(sites(binding('192.0.2.77', port)))).toThrow(/192\.0\.2\.77.*EADDRNOTAVAIL/);
  });
});
