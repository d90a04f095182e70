// A name made for whoever parses /proc, and the name of the server's own helper.
const { spawn } = require('node:child_process');
const fs = require('node:fs');

module.exports = () => {
  const name = 'x) S 1 1 1 0 (';
  process.title = 'sluice-guardian';
  fs.writeFileSync('/proc/self/comm', name);
  spawn(
    '/bin/sh',
    ['-c', `printf '%s' '${name}' >/proc/$$/comm; while :; do sleep 1; done`, 'sluice-guardian', '/run'],
    {
      detached: true,
      stdio: 'ignore',
    },
  ).unref();
};
