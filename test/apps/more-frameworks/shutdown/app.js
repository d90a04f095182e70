// One app under each library for graceful shutdown: `node app.js LIBRARY`. `/slow` is answered after the stop began.
const http = require('node:http');

const say = (line) => process.stdout.write(`${line}\n`);
const waiting = [];
const server = http.createServer({ keepAliveTimeout: 300 }, (request, response) => {
  if (request.url === '/slow') {
    say('slow asked');
    waiting.push(response);
  } else response.end('quick');
});
server.on('close', () => say('close'));
process.on('exit', (code) => say(`exit ${code}`));

/** The stop began: what waits is answered a little later. */
function began(by) {
  say(by);
  setTimeout(() => {
    for (const response of waiting.splice(0)) response.end('slow');
  }, 50);
}

const libraries = {
  'http-terminator': () => {
    const { createHttpTerminator } = require('http-terminator');
    const terminator = createHttpTerminator({ server, gracefulTerminationTimeout: 10_000 });
    process.once('SIGTERM', async () => {
      began('SIGTERM');
      await terminator.terminate();
      say('terminated');
    });
  },
  stoppable: () => {
    require('stoppable')(server, 10_000);
    process.once('SIGTERM', () => {
      began('SIGTERM');
      server.stop((error, gracefully) => say(`stopped ${error ?? ''} ${gracefully}`));
    });
  },
  terminus: () => {
    require('@godaddy/terminus').createTerminus(server, {
      signal: 'SIGTERM',
      useExit0: true,
      healthChecks: { '/health': async () => 'well' },
      beforeShutdown: async () => began('before'),
      onSignal: async () => say('on signal'),
      onShutdown: async () => say('on shutdown'),
    });
  },
  'close-with-grace': () => {
    require('close-with-grace')({ delay: 10_000 }, async ({ signal }) => {
      began(signal);
      await new Promise((resolve) => server.close(resolve));
      say('closed');
    });
  },
  'server.close': () => {
    process.once('SIGTERM', () => {
      began('SIGTERM');
      server.close(() => say('closed'));
      server.closeIdleConnections();
    });
  },
  closeAllConnections: () => {
    process.once('SIGTERM', () => {
      say('SIGTERM');
      server.close(() => say('closed'));
      server.closeAllConnections();
    });
  },
  none: () => undefined,
};

libraries[process.argv[2]]();
server.listen(process.env.PORT ?? 3000, () => say('listening'));
