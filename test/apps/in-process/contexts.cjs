// Every request enters a store of its own; whatever it saw before and after goes into the answer.
'use strict';
const { AsyncLocalStorage } = require('node:async_hooks');
const http = require('node:http');

const storage = new AsyncLocalStorage();
let leaks = 0;
process.on('uncaughtException', () => {
  if (storage.getStore() !== 'thrower') leaks += 1;
});

const server = http.createServer(async (req, res) => {
  const own = req.url.slice(1);
  if (storage.getStore() !== undefined) leaks += 1;
  storage.enterWith(own);
  let changed = own;
  process.nextTick(() => {
    if (changed !== own) leaks += 1;
  });
  res.on('finish', () => {
    storage.enterWith(`finish of ${own}`);
  });
  if (own === 'thrower') {
    process.nextTick(() => {
      throw new Error('in the middle of a batch');
    });
    return;
  }
  if (own.startsWith('early')) {
    // Answers before the body is complete; what its last bytes call is in the same turn as the next request.
    req.on('data', () => storage.enterWith(`data of ${own}`));
    req.on('end', () => storage.enterWith(`end of ${own}`));
    res.end(own);
    return;
  }
  if (req.method === 'POST') {
    req.pause();
    setImmediate(() => req.resume());
    for await (const _chunk of req) if (storage.getStore() !== own) leaks += 1;
  } else await null;
  if (storage.getStore() !== own) leaks += 1;
  changed = own;
  if (own === 'leaks') res.end(String(leaks));
  else res.end(own);
});
server.on('connection', () => {
  if (storage.getStore() !== undefined) leaks += 1;
  storage.enterWith('connection');
});
server.listen(process.env.PORT);
