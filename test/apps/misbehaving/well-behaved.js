// Listens where it is told and answers with what it knows about itself.
const http = require('node:http');
const fs = require('node:fs');
const report = () => ({
  pid: process.pid,
  uid: process.getuid(),
  gid: process.getgid(),
  groups: process.getgroups(),
  umask: process.umask().toString(8),
  cwd: process.cwd(),
  argv: process.argv.slice(2),
  env: process.env,
  noNewPrivileges: /^NoNewPrivs:\s+(\d)/m.exec(fs.readFileSync('/proc/self/status', 'latin1'))?.[1],
  oomScoreAdj: fs.readFileSync('/proc/self/oom_score_adj', 'latin1').trim(),
});
const server = http.createServer((_req, res) => res.end(JSON.stringify(report())));
const { PORT = '' } = process.env;
server.listen(
  PORT.startsWith('/')
    ? { path: PORT }
    : { port: Number(PORT), host: process.env.BIND || '127.0.0.1', ipv6Only: process.env.V6ONLY === '1' },
);
