// A tenant that finds the control pipe and writes to it. Not a host: run as the host file in tests.
const fs = require('node:fs');
const frame = (text) => {
  const json = Buffer.from(text);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(json.length);
  return Buffer.concat([head, json]);
};
const kinds = {
  'not-json': frame('{{{'),
  'unknown-type': frame('{"type":"shutdown-everything"}'),
  'huge-length': Buffer.from([0xff, 0xff, 0xff, 0xff]),
  'wrong-field': frame('{"type":"listening","port":"8080","how":"listen"}'),
  flood: Buffer.concat(Array.from({ length: 1_000 }, () => frame('{"type":"pong","id":1}'))),
};
fs.writeSync(3, kinds[process.env.GARBAGE]);
setInterval(() => undefined, 60_000);
