// The port of the second server is taken by somebody else at start.
const http = require('node:http');
http.createServer((_q, r) => r.end('the app')).listen(process.env.PORT, () => {
  const second = http.createServer((_q, r) => r.end('second'));
  second.on('error', (error) => console.log('error', error.code));
  second.listen(Number(process.env.SECOND_PORT), '127.0.0.1', () => console.log('second listens'));
});
