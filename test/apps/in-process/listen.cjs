// `node listen.cjs FORM`: listens in that form and says what it saw.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const os = require('node:os');

const form = process.argv[2];
const port = Number(process.env.PORT);
const server = http.createServer((_req, res) => res.end('served'));
const say = (...parts) => console.log(...parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))));
const known = ({ address, family, port: p }) => ({ address, family, port: p === port ? 'PORT' : typeof p });
const told = (s) => (typeof s.address() === 'string' ? path.basename(s.address()) : s.address() && known(s.address()));
const socketFile = path.join(os.tmpdir(), `probe-${process.pid}.sock`);

for (const name of ['listening', 'close', 'connection']) server.on(name, () => say(name, told(server)));
server.on('error', (error) => say('error', error.code, error.syscall, error.errno, error.address, error.port === port));

const forms = {
  port: () => server.listen(port),
  'port-callback': () => server.listen(port, () => say('callback')),
  'port-string': () => server.listen(String(port)),
  'port-host': () => server.listen(port, '127.0.0.1'),
  'port-any4': () => server.listen(port, '0.0.0.0'),
  'port-any6': () => server.listen(port, '::'),
  'port-loopback6': () => server.listen(port, '::1'),
  'port-localhost': () => server.listen(port, 'localhost', () => say('callback')),
  'port-backlog': () => server.listen(port, 64),
  'port-host-backlog': () => server.listen(port, '127.0.0.1', 64, () => say('callback')),
  options: () => server.listen({ port }),
  'options-host': () => server.listen({ port, host: '127.0.0.1', backlog: 5 }, () => say('callback')),
  exclusive: () => server.listen({ port, exclusive: true }),
  'ipv6-only': () => server.listen({ port, host: '::', ipv6Only: true }),
  'path-options': () => server.listen({ path: socketFile, readableAll: true, writableAll: true }),
  path: () => server.listen(socketFile, () => say('callback')),
  signal: () => {
    const controller = new AbortController();
    server.listen({ port, signal: controller.signal });
    server.once('listening', () => controller.abort());
  },
  'bad-port': () => {
    try {
      server.listen(70_000);
    } catch (error) {
      say('threw', error.code);
    }
  },
  'bad-options': () => {
    try {
      server.listen({ nothing: true });
    } catch (error) {
      say('threw', error.code);
    }
  },
  'not-here': () => server.listen(port, '192.0.2.1'),
  'not-found': () => server.listen(port, 'nowhere.invalid'),
  twice: () => {
    server.listen(port);
    try {
      server.listen(port);
    } catch (error) {
      say('threw', error.code);
    }
  },
  again: () => {
    server.listen(port);
    server.once('listening', () => server.close(() => server.listen(port, () => say('again'))));
  },
  'close-at-once': () => server.listen(port).close((error) => say('closed', error?.code)),
  'close-unlistened': () => server.close((error) => say('closed', error?.code)),
  'close-then-exit': () => server.listen(port, () => server.close(() => say('closed'))),
  dispose: () => server.listen(port, () => server[Symbol.asyncDispose]?.().then(() => say('disposed'))),
  unref: () => server.listen(port, () => server.unref()),
  'unref-before': () => {
    server.unref();
    server.listen(port);
  },
  handle: () => {
    const other = net.createServer();
    other.listen(0, () => server.listen(other._handle));
    other.unref();
  },
  'other-server': () => {
    const other = net.createServer();
    other.listen(0, () => server.listen(other));
  },
  // As an inherited descriptor: bound by somebody else, polled by nobody.
  fd: () => {
    const inherited = net._createServerHandle('127.0.0.1', port, 4);
    server.listen({ fd: inherited.fd }, () => say('callback'));
  },
  'fd-of-no-socket': () => server.listen({ fd: fs.openSync('/dev/null', 'r') }),
  'null-backlog': () => server.listen(port, null, null),
  'host-null': () => server.listen(port, null),
  'reuse-port': () => server.listen({ port, host: '127.0.0.1', reusePort: true }),
  'ipv6-twice': () => {
    server.listen(port, '::1', () => {
      const second = http.createServer();
      second.on('error', (error) => say('second', error.code, error.address, error.port === port));
      second.listen(port, '::1');
    });
  },
  'signal-before': () => {
    const controller = new AbortController();
    controller.abort();
    server.listen({ port, signal: controller.signal });
  },
  'path-empty': () => {
    try {
      server.listen({ path: '' });
    } catch (error) {
      say('threw', error.code);
    }
  },
  'no-arguments': () => server.listen(),
  'callback-only': () => server.listen(() => say('callback')),
  zero: () => server.listen(0),
  'options-zero': () => server.listen({ port: 0, host: '127.0.0.1' }),
  null: () => server.listen(null),
  'from-express': () => http.createServer({}, (_req, res) => res.end('served')).listen(port, () => say('express')),
  taken: () => {
    server.listen(port, '127.0.0.1', () => {
      const second = http.createServer();
      second.on('error', (error) => say('second', error.code, error.syscall, error.errno, error.address, error.port === port));
      second.listen(port, '127.0.0.1');
    });
  },
  facts: () =>
    server.listen(port, () => {
      say('listening', server.listening, server._connectionKey === `6:::${port}`, server.maxConnections);
      server.getConnections((error, count) => say('connections', error, count));
    }),
};
forms[form]();
