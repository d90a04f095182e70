// A tenant's program that does what it is told: `/what?argument`. Answers JSON.
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');

const tried = (act) => {
  try {
    return { done: act() };
  } catch (error) {
    return { failed: error.code ?? String(error) };
  }
};

const connected = (options) =>
  new Promise((resolve) => {
    const socket = net.connect(options, () => resolve({ done: true }) || socket.destroy());
    socket.once('error', (error) => resolve({ failed: error.code }));
  });

const acts = {
  '/status': () => ({
    status: fs.readFileSync('/proc/self/status', 'latin1'),
    limits: fs.readFileSync('/proc/self/limits', 'latin1'),
  }),
  '/read': (path) => tried(() => fs.readFileSync(path, 'latin1').slice(0, 10_000)),
  '/list': (path) => tried(() => fs.readdirSync(path)),
  '/write': (path) => tried(() => fs.writeFileSync(path, 'mine') ?? true),
  '/kill': (pid) => tried(() => process.kill(Number(pid), 'SIGKILL')),
  '/run': (line) => tried(() => require('node:child_process').execFileSync('/bin/sh', ['-c', line]).toString()),
  '/connect': (port) => connected({ port: Number(port), host: '127.0.0.1' }),
  '/environment': () => process.env,
  // Leaves group, session and parent.
  '/escape': (mark) => {
    const script = `(setsid sh -c 'sh -c "exec sleep ${Number(mark)}" & exit 0' &) ; exit 0`;
    return tried(() => spawn('/bin/sh', ['-c', script], { detached: true, stdio: 'ignore' }).pid);
  },
  // Bombs of a shell, and again and again: a shell gives up at the first fork that fails.
  '/bomb': () => {
    const bomb = 'bomb() { bomb | bomb & }; bomb; sleep 1000';
    setInterval(() => spawn('/bin/sh', ['-c', bomb], { stdio: 'ignore' }).on('error', () => undefined), 20);
    return { done: true };
  },
  '/spin': () => tried(() => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }).pid),
  // Outside V8's heap, whose own limit would end it first.
  '/eat': () => {
    const kept = [];
    setInterval(() => kept.push(Buffer.alloc(8 * 1024 * 1024, kept.length + 1)), 5);
    return { done: true };
  },
};

/** Parts of a path that run something of their own: a file of `attacks`, with the body's JSON, or an answer of `answers.js`. */
async function attack(req, res, name) {
  // Nothing would hold them: they are for tenants with a user of their own.
  if (process.getuid() === 0) return res.writeHead(403).end('"attacks do not run as root"');
  let body = '';
  for await (const chunk of req) body += chunk;
  const got = await require(`./attacks/${name}.js`)(JSON.parse(body || '{}'));
  res.end(JSON.stringify(got ?? null));
}

http
  .createServer(async (req, res) => {
    const { pathname, searchParams } = new URL(req.url, 'http://tenant');
    const [, kind, name] = /\/(attack|answer)\/([a-z-]+)$/.exec(pathname) ?? [];
    if (kind === 'attack') return attack(req, res, name);
    if (kind === 'answer') return require('./answers.js')[name](req.socket, res);
    const act = acts[pathname.replace(/^\/[a-z](?=\/)/, '')] ?? (() => ({ done: true }));
    res.end(JSON.stringify(await act(searchParams.get('a') ?? '')));
  })
  .listen(process.env.PORT);
