// The only server, on any free port, asks itself at the port that it was told.
const http = require('node:http');
const server = http.createServer((q, r) => {
  if (q.url === '/self') r.end('itself');
  else http.get({ port: server.address().port, host: '127.0.0.1', path: '/self', agent: false }, (a) => a.on('data', (data) => r.end(data)));
});
server.listen(0);
