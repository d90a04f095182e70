// The black box of a stall that never was, on the pipe of the watchdog.
const fs = require('node:fs');
const { message } = require('../tried.js');

module.exports = () => {
  const frame = { name: '\x1b[2J\n{"event":"forged-by-tenant"}', file: '/etc/shadow', line: -1e300 };
  const size = { heapUsedBytes: 1e300, heapTotalBytes: -1, rssBytes: 1e999 > 1 ? 1e300 : 0 };
  const lies = [
    { type: 'stall-stack', frames: Array.from({ length: 500 }, () => frame), ...size },
    {
      type: 'stall-profile',
      durationMs: 1e300,
      hotLines: Array.from({ length: 500 }, () => ({ ...frame, percent: 1e9 })),
    },
    { type: 'stall-debugged' },
  ];
  fs.writeSync(5, Buffer.concat(lies.map(message)));
};
