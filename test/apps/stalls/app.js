// Blocks its event loop in the way the path names.
const { execSync } = require('node:child_process');
const { pbkdf2Sync } = require('node:crypto');
const http = require('node:http');
const inspector = require('node:inspector');

function spinForEver() {
  for (let n = 0; ; n += 1) Math.sqrt(n);
}

function spinFor(ms) {
  const until = Date.now() + ms;
  while (Date.now() < until) Math.sqrt(until);
}

function matchBadly() {
  return /^(\w+\s?)*$/.test(`${'word '.repeat(40)}!`);
}

function writeHugeJson() {
  const rows = Array.from({ length: 3_000 }, (_, n) => ({ n, text: `row ${n}` }));
  for (;;) JSON.stringify(rows);
}

function tickForEver() {
  process.nextTick(tickForEver);
}

const events = [];
process.on('worker', () => events.push('worker'));

const blocks = {
  '/spin': spinForEver,
  '/regex': matchBadly,
  '/json': writeHugeJson,
  '/ticks': tickForEver,
  '/atomics': () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  '/pbkdf2': () => pbkdf2Sync('secret', 'salt', 2_000_000_000, 64, 'sha512'),
  '/exec': () => execSync('sleep 600'),
};

http
  .createServer((req, res) => {
    const url = new URL(req.url, 'http://a');
    if (url.pathname === '/short') spinFor(Number(url.searchParams.get('ms')));
    if (url.pathname === '/inspector') {
      inspector.open(0, '127.0.0.1');
      return res.end(inspector.url());
    }
    if (url.pathname === '/events') return res.end(JSON.stringify({ events, url: inspector.url() ?? null }));
    blocks[url.pathname]?.();
    res.end(String(process.pid));
  })
  .listen(process.env.PORT);
