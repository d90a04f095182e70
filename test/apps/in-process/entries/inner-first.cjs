// A server on any free port, and the app on PORT that asks it at the port that it was told at once.
const http = require('node:http');
const inner = http.createServer((_q, r) => r.end('inner'));
inner.listen(0, '127.0.0.1', () => {
  const { port } = inner.address();
  const app = http.createServer((_q, r) => http.get({ port, host: '127.0.0.1', agent: false }, (a) => a.on('data', (data) => r.end(data))));
  app.listen(process.env.PORT);
});
