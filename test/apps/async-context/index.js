// Detects async contexts that leak from one request into another: each handler enters a store of its own,
// the way tracing and session libraries do, and looks before and after several kinds of waiting.
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { readFile } from 'node:fs';
import { createServer } from 'node:http';

const storage = new AsyncLocalStorage();
const found = { node: process.versions.node, requests: 0, leakedIn: 0, lost: 0 };

const waits = [
  (done) => setImmediate(done),
  (done) => process.nextTick(done),
  (done) => void Promise.resolve().then(done),
  (done) => setTimeout(done, 1),
  (done) => readFile(import.meta.filename ?? process.argv[1], () => done()),
];

createServer((request, response) => {
  if (request.url === '/found') return void response.end(JSON.stringify(found));
  found.requests += 1;
  if (storage.getStore() !== undefined) found.leakedIn += 1;
  const mine = request.url;
  storage.enterWith(mine);
  if (mine.startsWith('/early')) {
    // Answered before its body is complete: the last bytes come with the next request of the connection.
    request.on('data', () => storage.enterWith(`data of ${mine}`));
    return void response.end(mine);
  }
  const finish = () => {
    if (storage.getStore() !== mine) found.lost += 1;
    response.end(mine);
  };
  request.on('data', () => undefined);
  const wait = AsyncResource.bind(() => waits[found.requests % waits.length](finish));
  request.on('end', () => {
    // From Node 24 on a body that comes later has no store, alone too; another request's it must never have.
    const store = storage.getStore();
    if (store !== undefined && store !== mine) found.leakedIn += 1;
    wait();
  });
}).listen(Number(process.env.PORT ?? 3000));
