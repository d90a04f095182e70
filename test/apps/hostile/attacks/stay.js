// Hears of its end and stays; so do its children.
const { spawn } = require('node:child_process');

module.exports = () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2', 'SIGPIPE']) process.on(signal, () => undefined);
  setInterval(() => undefined, 1_000);
  spawn('/bin/sh', ['-c', "trap '' TERM HUP INT; while :; do sleep 1; done"], { stdio: 'ignore' });
};
