// Answers only a request that it got as a whole, whatever its target, and counts those.
import { createServer } from 'node:http';

let whole = 0;

createServer((request, response) => {
  if (request.url === '/whole') return void response.end(`${whole}`);
  request.on('error', () => undefined);
  request.resume();
  request.on('end', () => {
    whole += 1;
    response.end('recorded');
  });
}).listen(Number(process.env.PORT ?? 3000));
