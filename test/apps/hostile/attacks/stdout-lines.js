// As many lines as the pipe takes: terminal escapes, and records that look like the server's own.
const { flood } = require('../tried.js');

const forged = '{"level":30,"event":"forged-by-tenant","msg":"server stopped"}\n';
const escapes = '\x1b[2J\x1b]0;owned\x07\x1b[31m\r\x9b2J\u2028\n'.repeat(20);
const binary = Buffer.from(Array.from({ length: 4_096 }, (_, n) => n % 256));
const block = Buffer.concat([Buffer.from('\n'.repeat(20_000) + forged.repeat(50) + escapes), binary]);
let begun = false;
module.exports = () => {
  if (begun) return;
  begun = true;
  for (const fd of [1, 2]) flood(fd, () => block);
};
