// Writes, flushes and removes files in its own temporary folder, from several processes.
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const { join } = require('node:path');

const writer = `
const fs = require('node:fs');
const block = Buffer.alloc(1 << 20, 'x');
for (let n = 0; ; n += 1) {
  const file = process.argv[1] + '.' + (n % 4);
  const fd = fs.openSync(file, 'w');
  try { for (let written = 0; written < 48; written += 1) fs.writeSync(fd, block); fs.fsyncSync(fd); } catch {}
  fs.closeSync(fd);
}`;
let begun = false;
module.exports = () => {
  const file = join(process.env.TMPDIR, 'flood');
  const limit = { refusal: '', bytes: 0 };
  const fd = fs.openSync(`${file}.first`, 'w');
  try {
    const block = Buffer.alloc(1 << 20, 'x');
    for (; limit.bytes < 1 << 30; limit.bytes += fs.writeSync(fd, block));
  } catch (error) {
    limit.refusal = error.code;
  }
  fs.closeSync(fd);
  fs.rmSync(`${file}.first`);
  if (!begun)
    for (let n = 0; n < 2; n += 1) spawn(process.execPath, ['-e', writer, `${file}.${n}`], { stdio: 'ignore' });
  begun = true;
  return limit;
};
