const { each } = require('../tried.js');

module.exports = ({ others }) =>
  each(
    others.flatMap(({ name, pid }) =>
      ['SIGKILL', 'SIGSTOP', 'SIGTERM', 'SIGUSR1', 'SIGHUP'].flatMap((signal) => [
        [`${signal} to ${name}`, () => process.kill(pid, signal)],
        [`${signal} to the group of ${name}`, () => process.kill(-pid, signal)],
      ]),
    ),
  );
