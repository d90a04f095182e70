process.on('SIGTERM', () => console.log('SIGTERM ignored'));
require('node:http')
  .createServer((_req, res) => res.end('still here'))
  .listen(Number(process.env.PORT), '127.0.0.1');
