// Well-formed messages that say what is not so.
const fs = require('node:fs');
const { message } = require('../tried.js');

module.exports = ({ others, victimPort }) => {
  const [{ pid }] = others;
  const lies = [
    { type: 'hello', protocol: 1, node: 'v99.0.0\n\x1b[2J', pid, path: 'fast' },
    { type: 'listening', port: victimPort, how: 'listen' },
    { type: 'pong', id: 0xffff_ffff },
    { type: 'dumped', id: 1, file: '../../../../../../etc/passwd', error: '' },
    { type: 'warmed', status: 999 },
    { type: 'refused', code: 'mistaken', text: '\n{"event":"forged-by-tenant"}' },
    { type: 'fatal', text: '\r\n{"event":"forged-by-tenant"}\x1b[2J\u2028' },
    { type: 'notice', code: 'x\n{"event":"forged-by-tenant"}', text: '\n{"event":"forged-by-tenant"}\n' },
    { type: 'heartbeat', inFlight: 4_000_000_000, quiet: false, delayMs: 1e300, utilization: -5, heapUsed: 1e308 },
  ];
  fs.writeSync(3, Buffer.concat(lies.map(message)));
};
