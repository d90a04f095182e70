// The probe: an app that logs every event of its requests, responses and sockets, one line each, to
// standard output. `node probe.cjs CONFIG`: CONFIG is the name of a server configuration below.
'use strict';
const fs = require('node:fs');
const http = require('node:http');

const config = process.argv[2] ?? 'plain';
let pending = 0;
let sockets = 0;

function log(...parts) {
  fs.writeSync(1, `${parts.join(' ')}\n`);
}

function later(ms, fire) {
  pending += 1;
  setTimeout(() => {
    pending -= 1;
    fire();
  }, ms);
}

function watchSocket(socket, id) {
  socket.on('end', () => log(id, 'socket end'));
  socket.on('close', (hadError) => log(id, 'socket close', hadError, socket.destroyed, socket.readyState));
  socket.on('timeout', () => log(id, 'socket timeout'));
}

function describeSocket(socket) {
  return [
    socket.constructor.name,
    socket instanceof require('node:net').Socket,
    socket.remoteFamily,
    typeof socket.remotePort,
    socket.localFamily,
    Object.keys(socket.address()).join(','),
    socket.readyState,
    socket.pending,
    socket.connecting,
    socket.destroyed,
    socket.encrypted,
    socket.timeout,
    socket.allowHalfOpen,
    socket.readableHighWaterMark === socket.writableHighWaterMark,
    socket.bufferSize,
  ].join(' ');
}

const keys = (object) => Object.keys(object).join(',');
const counts = (emitter, names) => names.map((name) => `${name}=${emitter.listenerCount(name)}`).join(',');
const socketEvents = ['close', 'data', 'drain', 'end', 'error', 'timeout', 'resume', 'pause', 'finish', 'connect'];
const messageEvents = ['close', 'data', 'end', 'error', 'finish', 'drain', 'aborted', 'timeout', 'readable'];

function watchRequest(req, id) {
  req.on('close', () => log(id, 'req close', req.complete, req.aborted, req.destroyed, req.readableEnded));
  req.on('aborted', () => log(id, 'req aborted'));
  req.on('end', () => log(id, 'req end', req.complete, JSON.stringify(req.rawTrailers)));
  req.on('timeout', () => log(id, 'req timeout'));
}

function watchResponse(res, id) {
  res.on('finish', () => log(id, 'res finish', res.writableFinished, res.writableEnded, res.socket === null));
  res.on('close', () => log(id, 'res close', res.writableFinished, res.destroyed));
  res.on('drain', () => log(id, 'res drain', res.writableLength));
  res.on('timeout', () => log(id, 'res timeout'));
  res.on('error', (error) => log(id, 'res error', error.code, error.message));
}

const routes = {
  '/hello': (_req, res) => res.end('hello world'),
  '/empty': (_req, res) => res.end(),
  '/buffer': (_req, res) => res.end(Buffer.from('a buffer')),
  '/head': (_req, res) => res.writeHead(201, 'Made', { 'X-One': '1', 'Content-Type': 'text/plain' }).end('made'),
  '/raw-head': (_req, res) => {
    res.writeHead(200, ['X-A', '1', 'x-a', '2', 'Content-Length', '2']);
    res.end('ok');
  },
  '/utf8': (_req, res) => {
    res.setHeader('X-Name', 'caf\u00e9');
    res.end('\u00e9\u20ac');
  },
  '/latin1': (_req, res) => {
    res.setHeader('X-Name', 'caf\u00e9');
    res.end(Buffer.from('x'));
  },
  '/keys': (req, res) => {
    log('keys', keys(req), '|', keys(res), '|', keys(req.socket));
    log('counts', counts(req, messageEvents), '|', counts(res, messageEvents), '|', counts(req.socket, socketEvents));
    res.end('ok');
  },
  '/identity': (req, res) => {
    log('identity', req.socket === req.connection, req.client === req.socket, res.req === req);
    log('identity', res.socket === req.socket, req.socket.server === server, req.constructor.name, res.constructor.name);
    log('identity', req instanceof http.IncomingMessage, res instanceof http.ServerResponse, req.upgrade, req.complete);
    log('identity', res.headersSent, res.shouldKeepAlive, res.sendDate, res.statusCode, req.statusCode, req.httpVersion);
    res.end('ok');
    log('identity', res.headersSent, res.writableEnded, res.finished, JSON.stringify(res._header.length > 20));
  },
  '/address': (req, res) => {
    log('address', req.socket.remoteAddress, describeSocket(req.socket));
    res.end('ok');
  },
  '/tls': (req, res) => {
    const { socket } = req;
    const { TLSSocket } = require('node:tls');
    log('tls', socket instanceof TLSSocket, socket.encrypted, socket.authorized, socket.authorizationError);
    log('tls', JSON.stringify(socket.getPeerCertificate()), socket.isSessionReused(), typeof socket.getCipher().name);
    log('tls', typeof socket.getProtocol(), socket.alpnProtocol, socket.servername, socket.getPeerX509Certificate?.());
    res.end('ok');
  },
  '/counts': (req, res) => {
    log('keys', keys(req), '|', keys(res));
    log('counts', counts(req, messageEvents), '|', counts(res, messageEvents), '|', counts(req.socket, socketEvents));
    res.end('ok');
  },
  '/headers': (req, res) => {
    log('headers', JSON.stringify(req.headers), JSON.stringify(req.rawHeaders), JSON.stringify(req.headersDistinct));
    res.end('ok');
  },
  '/bytes': (req, res) => {
    log('bytes', req.socket.bytesWritten > 0);
    res.end('ok', () => log('bytes written', req.socket.bytesWritten > 100));
  },
  '/chunked': (_req, res) => {
    res.write('one');
    res.write('two');
    res.end('three');
  },
  '/chunked-later': (_req, res) => {
    res.write('one');
    later(10, () => {
      res.write(Buffer.from('two'));
      later(10, () => res.end());
    });
  },
  '/cork': (_req, res) => {
    res.cork();
    res.write('one');
    res.write('two');
    process.nextTick(() => {
      res.uncork();
      res.end();
    });
  },
  '/flush': (_req, res) => {
    res.flushHeaders();
    later(10, () => res.end('late'));
  },
  '/trailers': (_req, res) => {
    res.setHeader('Trailer', 'X-Sum');
    res.write('body');
    res.addTrailers({ 'X-Sum': '4' });
    res.end();
  },
  '/continue-hand': (_req, res) => {
    res.writeContinue();
    res.writeProcessing();
    res.writeEarlyHints({ link: '</a.css>; rel=preload' });
    res.end('after');
  },
  '/close-header': (_req, res) => {
    res.setHeader('Connection', 'close');
    res.end('bye');
  },
  '/no-length': (_req, res) => {
    res.removeHeader('transfer-encoding');
    res.removeHeader('content-length');
    res.useChunkedEncodingByDefault = false;
    res.write('until the end');
    res.end();
  },
  '/204': (_req, res) => res.writeHead(204).end(),
  '/204-length': (_req, res) => res.writeHead(204, { 'Content-Length': 0 }).end(),
  '/304': (_req, res) => res.writeHead(304).end('ignored'),
  '/no-date': (_req, res) => {
    res.sendDate = false;
    res.end('ok');
  },
  '/echo': (req, res) => {
    const chunks = [];
    req.on('data', (chunk) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks);
      log('echo', body.length, req.complete);
      res.end(`got ${body.length}`);
    });
  },
  '/iterate': async (req, res) => {
    let size = 0;
    try {
      for await (const chunk of req) size += chunk.length;
      res.end(`got ${size}`);
    } catch (error) {
      log('iterate failed', error.code, error.message);
    }
  },
  '/pipeline': (req, res) => {
    require('node:stream').pipeline(req, res, (error) => log('pipeline', error?.code));
  },
  '/readable': (req, res) => {
    let size = 0;
    req.on('readable', () => {
      for (let chunk = req.read(); chunk !== null; chunk = req.read()) size += chunk.length;
    });
    req.on('end', () => res.end(`got ${size}`));
  },
  '/early': (_req, res) => res.end('early'),
  '/early-close': (_req, res) => res.writeHead(413, { Connection: 'close' }).end('too large'),
  '/pause': (req, res) => {
    let size = 0;
    req.on('data', (chunk) => {
      size += chunk.length;
    });
    req.pause();
    later(60, () => req.resume());
    req.on('end', () => res.end(`got ${size}`));
  },
  '/never-read': (_req, res) => later(40, () => res.end('not read')),
  '/wait': () => undefined,
  '/wait-error': (req) => {
    req.on('error', (error) => log('req error', error.code, error.message));
  },
  '/wait-body': (req) => {
    let size = 0;
    req.on('data', (chunk) => {
      size += chunk.length;
    });
    req.on('error', (error) => log('req error', error.code, error.message, size));
  },
  '/partial-wait': (_req, res) => {
    res.writeHead(200, { 'Content-Length': '100' });
    res.write('part');
  },
  '/destroy-req': (req) => req.destroy(),
  '/destroy-req-error': (req) => {
    req.on('error', (error) => log('req error', error.message));
    req.destroy(new Error('own'));
  },
  '/destroy-res': (_req, res) => res.destroy(),
  '/destroy-socket': (req) => req.socket.destroy(),
  '/destroy-late': (req, res) => {
    res.write('part');
    later(20, () => req.socket.destroy());
  },
  '/reset': (req) => req.socket.resetAndDestroy(),
  '/end-socket': (req, res) => {
    res.write('part');
    later(20, () => req.socket.end());
  },
  '/destroy-after-end': (req, res) => {
    res.end('complete');
    res.on('finish', () => req.socket.destroy());
  },
  '/write-after-end': (_req, res) => {
    res.end('ok');
    res.write('more', (error) => log('write callback', error?.code));
  },
  '/too-much': (_req, res) => {
    res.strictContentLength = true;
    res.setHeader('Content-Length', '2');
    try {
      res.end('four');
    } catch (error) {
      log('threw', error.code);
      res.strictContentLength = false;
      res.end('ok');
    }
  },
  '/twice': (_req, res) => {
    res.end('one');
    try {
      res.setHeader('X-Late', '1');
    } catch (error) {
      log('threw', error.code);
    }
  },
  '/raw-write': (req) => {
    req.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nraw');
  },
  '/large': (_req, res) => res.end(Buffer.alloc(300_000, 'x')),
  '/large-string': (_req, res) => res.end('\u00e9'.repeat(100_000)),
  '/many-writes': (_req, res) => {
    let left = 200;
    const more = () => {
      while (left > 0) {
        left -= 1;
        if (!res.write('y'.repeat(5_000))) {
          res.once('drain', more);
          return;
        }
      }
      res.end();
    };
    more();
  },
  '/pipe-out': (_req, res) => require('node:stream').Readable.from(['a', 'b', 'c']).pipe(res),
  '/tick': (_req, res) => process.nextTick(() => res.end('tick')),
  '/promise': async (_req, res) => {
    await null;
    res.end('promise');
  },
  '/immediate': (_req, res) => setImmediate(() => res.end('immediate')),
  '/order': (_req, res) => {
    process.nextTick(() => log('tick'));
    Promise.resolve().then(() => log('promise'));
    queueMicrotask(() => log('microtask'));
    res.end('order', () => log('end callback'));
    log('after end', res.writableFinished, res.writableLength);
  },
  '/socket-timeout': (req) => {
    req.socket.setTimeout(50);
  },
  '/req-timeout': (req, res) => {
    req.setTimeout(50, () => log('req timeout callback'));
    res.on('timeout', () => res.end('timed out'));
  },
  '/res-timeout': (_req, res) => {
    res.setTimeout(50, () => {
      log('res timeout callback');
      res.end('timed out');
    });
  },
  '/timeout-then-fine': (_req, res) => {
    res.setTimeout(5_000, () => log('must not come'));
    res.end('fine');
  },
  '/hang-on-socket': (req, res) => {
    req.socket.seen = (req.socket.seen ?? 0) + 1;
    res.end(`seen ${req.socket.seen}`);
  },
  '/throw': () => {
    throw new Error('thrown by the handler');
  },
  '/throw-in-data': (req) => {
    req.on('data', () => {
      throw new Error('thrown in data');
    });
  },
  '/throw-in-drain': (_req, res) => {
    while (res.write('z'.repeat(50_000)));
    res.once('drain', () => {
      throw new Error('thrown in drain');
    });
  },
  '/reject-expect': (_req, res) => res.writeHead(417).end(),
  '/signal': (req, res) => {
    if (req.signal !== undefined) req.signal.addEventListener('abort', () => log('signal abort'));
    later(10, () => res.end('signal'));
  },
  '/connections': (_req, res) => server.getConnections((_error, count) => res.end(`connections ${count}`)),
  '/close-idle': (_req, res) => {
    res.end('idle closed');
    res.on('close', () => later(20, () => server.closeIdleConnections()));
  },
  '/close-all': (_req, res) => {
    res.write('part');
    later(20, () => server.closeAllConnections());
  },
  '/informed': (_req, res) => {
    res.on('prefinish', () => log('prefinish'));
    res.on('socket', () => log('late socket event'));
    res.end('ok');
  },
};

function onRequest(req, res) {
  const path = req.url.split('?')[0];
  const id = `#${req.socket.probeId}`;
  log(id, 'request', req.method, req.url, req.httpVersion, req.headers.host, res.shouldKeepAlive);
  const quiet = path === '/keys' || req.url.includes('quiet');
  if (!quiet) {
    watchRequest(req, id);
    watchResponse(res, id);
  }
  const route = routes[path];
  if (route === undefined) res.writeHead(404).end('no such route');
  else route(req, res);
}

function tunnel(server_, name) {
  server_.on('upgrade', (req, socket, head) => {
    log('upgrade', req.url, req.headers.upgrade, head.length, socket.constructor.name, socket.readableFlowing);
    log('counts', counts(socket, socketEvents), req.complete, req.upgrade);
    if (req.url === '/refuse') {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${name}\r\nConnection: Upgrade\r\n\r\n`);
    if (req.url === '/destroy') {
      socket.destroy();
      return;
    }
    if (req.url === '/no-error-listener') return;
    socket.on('error', (error) => log('tunnel error', error.code));
    socket.on('data', (chunk) => {
      log('tunnel data', chunk.length);
      if (req.url === '/throw-in-tunnel') throw new Error('thrown in the tunnel');
      if (chunk.toString() === 'bye') socket.end('bye');
      else socket.write(chunk);
    });
    socket.on('end', () => {
      log('tunnel end');
      socket.end();
    });
  });
}

class OwnRequest extends http.IncomingMessage {
  own() {
    return 'own request';
  }
}
class OwnResponse extends http.ServerResponse {
  own() {
    return 'own response';
  }
}

const options = {
  plain: {},
  classes: { IncomingMessage: OwnRequest, ServerResponse: OwnResponse },
  join: { joinDuplicateHeaders: true },
  unique: { uniqueHeaders: ['x-a', 'set-cookie'] },
  mark: { highWaterMark: 1_024 },
  keepalive: { keepAliveTimeout: 300 },
  nohost: { requireHostHeader: false },
  optimized: { optimizeEmptyRequests: true },
};

const setups = {
  https: (s) => tunnel(s, 'websocket'),
  http2: (s) => tunnel(s, 'websocket'),
  tunnel: (s) => tunnel(s, 'websocket'),
  continue: (s) =>
    s.on('checkContinue', (req, res) => {
      log('checkContinue', req.url);
      if (req.url === '/refuse') res.writeHead(403, { Connection: 'close' }).end();
      else {
        res.writeContinue();
        s.emit('request', req, res);
      }
    }),
  expectation: (s) => s.on('checkExpectation', (req, res) => routes['/reject-expect'](req, res)),
  limit: (s) => {
    s.maxRequestsPerSocket = 2;
    s.on('dropRequest', (req) => log('dropRequest', req.url));
  },
  clienterror: (s) =>
    s.on('clientError', (error, socket) => {
      log('clientError', error.code, error.message, socket.writable);
      socket.destroy();
    }),
  timeout: (s) => s.setTimeout(80, () => log('server timeout')),
  timeoutdestroy: (s) => s.setTimeout(80),
  count: (s) => {
    s.maxHeadersCount = 3;
  },
  uncaught: () => process.on('uncaughtException', (error) => log('uncaught', error.message)),
  uncaughttunnel: (s) => {
    setups.uncaught();
    tunnel(s, 'websocket');
  },
  maxconnections: (s) => {
    s.maxConnections = 1;
    s.on('drop', (data) => log('drop', Object.keys(data).join(',')));
  },
};

const pem = (name) => fs.readFileSync(`${__dirname}/${name}.pem`);
const certificate = { key: pem('key'), cert: pem('cert') };

function createServer() {
  if (config === 'https') return require('node:https').createServer(certificate, onRequest);
  if (config === 'http2') return require('node:http2').createSecureServer({ ...certificate, allowHTTP1: true }, onRequest);
  return http.createServer(options[config] ?? {}, onRequest);
}

const speaksTls = config === 'https' || config === 'http2';
const server = createServer();
server.on(speaksTls ? 'secureConnection' : 'connection', (socket) => {
  sockets += 1;
  socket.probeId = sockets;
  log(`#${sockets}`, 'connection', socket.server === server);
  watchSocket(socket, `#${sockets}`);
});
server.on('close', () => log('server close'));
// The end of a scenario: everything before it has been logged, delayed answers too.
process.on('SIGUSR2', function mark() {
  if (pending > 0) setTimeout(mark, 5);
  else setImmediate(() => setImmediate(() => log('mark')));
});
setups[config]?.(server);
if (config === 'classes') server.on('request', (req, res) => log('classes', req.own(), res.own()));
server.listen(Number(process.env.PORT), '127.0.0.1', () => log('listening', typeof server.address().port));
