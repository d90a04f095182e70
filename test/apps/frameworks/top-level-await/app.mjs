// ESM whose main module waits before it listens, imports lazily, and knows that it is the main script.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const { name } = JSON.parse(await readFile(new URL('./package.json', import.meta.url), 'utf8'));
await new Promise((resolve) => setTimeout(resolve, 20));
const { createServer } = await import('node:http');

const isMain = process.argv[1] !== undefined && fileURLToPath(import.meta.url).startsWith(process.argv[1]);

const server = createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ name, url: request.url, isMain, argv: process.argv.length }));
});
await new Promise((resolve) => server.listen(Number(process.env.PORT ?? 3000), resolve));
