// Blocks its event loop when asked to. Other applications keep answering; this one waits, and one that
// stays blocked for longer than failure.hangDetection is replaced.
import { createServer } from 'node:http';

const base = process.env.ASPNETCORE_APPL_PATH ?? '';

function block(seconds) {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) Math.sqrt(end);
}

createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  if (url.pathname === `${base}/block`) {
    const seconds = Math.min(60, Number(url.searchParams.get('seconds') ?? 5) || 0);
    block(seconds);
    response.end(`process ${process.pid} was blocked for ${seconds} s\n`);
    return;
  }
  response.end(`process ${process.pid} is free; ${base}/block?seconds=5 blocks it\n`);
}).listen(process.env.PORT ?? 3000);
