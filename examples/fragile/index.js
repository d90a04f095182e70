// Crashes when asked to. The pool starts a new process; nobody else notices.
import { createServer } from 'node:http';

const base = process.env.ASPNETCORE_APPL_PATH ?? '';
let answered = 0;

createServer((request, response) => {
  if (request.url === `${base}/crash`) {
    // Thrown outside the request handler: nothing catches it, the process ends.
    setImmediate(() => {
      throw new Error('crashed on request');
    });
    return;
  }
  answered += 1;
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.end(`process ${process.pid} has answered ${answered} requests; ${base}/crash ends it\n`);
}).listen(process.env.PORT ?? 3000);
