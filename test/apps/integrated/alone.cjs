// A program that does not know its host: PORT, and nothing else.
const { createServer } = require('node:http');

createServer((request, response) => {
  const { url, headers } = request;
  response.end(JSON.stringify({ pid: process.pid, port: process.env.ASPNETCORE_PORT, url, headers }));
}).listen(Number(process.env.PORT), '127.0.0.1');
