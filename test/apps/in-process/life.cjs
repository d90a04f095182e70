// What surrounds the requests: cluster, processes, other servers. The answers are facts about the process.
'use strict';
const cluster = require('node:cluster');
const http = require('node:http');
const net = require('node:net');
const { fork } = require('node:child_process');
const { Worker, isMainThread, parentPort } = require('node:worker_threads');

if (!isMainThread) {
  const inner = http.createServer((_req, res) => res.end('thread'));
  inner.listen(0, '127.0.0.1', () => parentPort.postMessage(inner.address().port));
} else if (process.argv[2] === 'child') {
  const inner = http.createServer((_req, res) => res.end('child'));
  inner.listen(0, '127.0.0.1', () => process.send(inner.address().port));
} else {
  const get = (port) =>
    new Promise((resolve, reject) => {
      http.get({ port, host: '127.0.0.1' }, (res) => res.setEncoding('utf8').on('data', resolve)).on('error', reject);
    });
  const answers = {
    '/facts': async () => ({
      main: require.main === module,
      parent: module.parent === null,
      execArgv: process.execArgv,
      start: Object.keys(process.env).filter((name) => name.startsWith('SLUICE') || name === 'NODE_UNIQUE_ID'),
      port: process.env.PORT,
      isPrimary: cluster.isPrimary,
      isWorker: cluster.isWorker,
      id: cluster.worker.id,
      connected: [cluster.worker.isConnected(), process.connected === undefined, typeof process.send],
      sent: cluster.worker.send('x'),
      signals: ['SIGTERM', 'SIGINT', 'SIGHUP', 'uncaughtException', 'unhandledRejection'].map((name) =>
        process.listenerCount(name),
      ),
      loaded: process.moduleLoadList.filter((one) => / (tls|https|http2|_tls_wrap)$/.test(one)),
    }),
    '/thread': () =>
      new Promise((resolve, reject) => {
        const worker = new Worker(__filename);
        worker.once('error', reject);
        worker.once('message', (port) => {
          get(port).then((text) => {
            void worker.terminate();
            resolve({ text });
          }, reject);
        });
      }),
    '/child': () =>
      new Promise((resolve, reject) => {
        const child = fork(__filename, ['child']);
        child.once('error', reject);
        child.once('message', (port) => {
          get(port).then((text) => {
            child.kill();
            resolve({ text, execArgv: child.spawnargs.filter((one) => one.includes('host.cjs')) });
          }, reject);
        });
      }),
    '/second': () =>
      new Promise((resolve, reject) => {
        const second = http.createServer((_req, res) => res.end('second'));
        second.on('error', reject);
        second.listen(0, () => {
          get(second.address().port).then((text) => {
            resolve({ text, address: second.address().address });
            second.close();
          }, reject);
        });
      }),
    '/many-real': () =>
      new Promise((resolve, reject) => {
        const second = http.createServer((req, res) => req.resume().on('end', () => res.end('real')));
        second.listen(0, async () => {
          const { port } = second.address();
          let right = 0;
          for (let round = 0; round < 300; round += 1) if ((await get(port).catch(reject)) === 'real') right += 1;
          second.close();
          resolve({ right });
        });
      }),
    '/raw-server': () =>
      new Promise((resolve) => {
        const raw = net.createServer().listen(0, '127.0.0.1', () => {
          resolve({ port: raw.address().port > 0 });
          raw.close();
        });
      }),
    '/stop-listening': async () => {
      server.close();
      return {};
    },
    '/close-all': async () => {
      setImmediate(() => server.closeAllConnections());
      return {};
    },
    '/end-later': async (req, res) => {
      res.on('finish', () => setImmediate(() => req.socket.end()));
      return {};
    },
    '/asked': async () => ({ asked }),
    '/wait': () => new Promise((resolve) => waiting.push(resolve)),
    '/go': async () => {
      go();
      return {};
    },
    '/counts': async () => ({
      server: server.eventNames().map((name) => [String(name), server.listenerCount(name)]),
      sockets: await new Promise((resolve) => server.getConnections((_error, count) => resolve(count))),
    }),
  };
  const waiting = [];
  let asked = 0;
  const go = () => {
    for (const resolve of waiting.splice(0)) resolve({ waited: true });
  };
  process.on('SIGUSR2', go);
  const server = http.createServer({ keepAliveTimeout: 700 }, (req, res) => {
    asked += 1;
    answers[req.url](req, res).then(
      (facts) => res.end(JSON.stringify(facts)),
      (error) => res.end(JSON.stringify({ error: error.message })),
    );
  });
  server.listen(process.env.PORT);
}
