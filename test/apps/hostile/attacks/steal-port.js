// Listens on a port that another pool will be given, and answers in its name.
const http = require('node:http');

module.exports = ({ port }) =>
  new Promise((resolve) => {
    http
      .createServer((_request, response) => response.end('stolen'))
      .on('error', (error) => resolve(error.code))
      .listen(port, '127.0.0.1', () => resolve('listens'));
  });
