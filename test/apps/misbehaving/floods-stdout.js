// 40 MB as fast as the pipe takes it, then it serves.
const fs = require('node:fs');
const block = Buffer.alloc(65_536, 'x');
for (let written = 0; written < 40_000_000; ) {
  try {
    written += fs.writeSync(1, block);
  } catch (error) {
    if (error.code !== 'EAGAIN') throw error;
  }
}
