// Behaves as badly as it is told, and writes every start and every request that it runs into the file in LEDGER, so
// that whoever reads it sees what ran twice. Requests: /a/run/SERIAL?ms=, /a/block/SERIAL?ms=, /a/leak/SERIAL?mb=.
import { appendFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';

const { LEDGER, PORT } = process.env;
const note = (line) => appendFileSync(LEDGER, `${line}\n`);
const setting = (name) => process.env[name] ?? '';

note(`start ${process.pid} ${PORT}`);
if (setting('BROKEN') !== '' && existsSync(setting('BROKEN'))) process.exit(3);

const diesAfter = Number(setting('DIES_AFTER') || Infinity);
let answered = 0;
const leaked = [];

const acts = {
  run: (response, serial, query) => {
    const answer = () => response.end(`ran ${serial}`);
    const ms = Number(query.get('ms') ?? 0);
    if (ms > 0) setTimeout(answer, ms);
    else answer();
  },
  block: (response, serial, query) => {
    const until = performance.now() + Number(query.get('ms'));
    while (performance.now() < until) Math.sqrt(until);
    response.end(`ran ${serial}`);
  },
  // So many megabytes a second for ever, outside of V8's heap.
  leak: (response, serial, query) => {
    const bytes = (Number(query.get('mb')) * 1_048_576) / 20;
    setInterval(() => leaked.push(Buffer.alloc(bytes, leaked.length + 1)), 50);
    response.end(`ran ${serial}`);
  },
  // Half an answer; the rest never comes.
  half: (response, serial) => {
    if (serial === 'length') response.setHeader('content-length', 1_000);
    response.write('only this');
  },
};

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://a');
  const [, , what, serial] = url.pathname.split('/');
  const act = acts[what];
  if (act === undefined) return void response.end(`faults ${process.pid}`);
  note(`${request.method} ${serial} ${process.pid}`);
  response.once('finish', () => {
    answered += 1;
    if (answered === diesAfter) process.exit(9);
  });
  request.resume();
  request.once('end', () => act(response, serial, url.searchParams));
});

/** Something else stands where the socket should: once, then it behaves. */
const plants = {
  directory: () => mkdirSync(PORT),
  symlink: () => symlinkSync(setting('NEIGHBOUR'), PORT),
  fifo: () => execFileSync('mkfifo', [PORT]),
};

function listen() {
  const plant = plants[setting('PLANT')];
  const done = `${LEDGER}.planted`;
  if (plant === undefined || existsSync(done)) return void server.listen(PORT);
  writeFileSync(done, '');
  plant();
  setInterval(() => undefined, 60_000);
}

// With GO it listens when that file is there: somebody may take its port before.
function whenAllowed() {
  if (setting('GO') === '' || existsSync(setting('GO'))) setTimeout(listen, Number(setting('START_MS') || 0));
  else setTimeout(whenAllowed, 10);
}
whenAllowed();
