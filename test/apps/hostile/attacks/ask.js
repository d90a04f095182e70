// A request of its own to a port of this machine. Answers { status, text } or the error.
const http = require('node:http');

module.exports = ({ port, path, method = 'GET', headers = {} }) =>
  new Promise((resolve) => {
    const request = http.request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text = (text + chunk).slice(0, 20_000)));
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    request.on('error', (error) => resolve({ status: 0, text: error.code ?? String(error) }));
    request.end();
  });
