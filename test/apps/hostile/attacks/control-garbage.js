// Each worker sends one thing that no host sends, then waits for what comes.
const fs = require('node:fs');
const { message } = require('../tried.js');

const kinds = {
  'not JSON': message('{"type":'),
  'a deep array': message('['.repeat(30_000)),
  'an unknown type': message({ type: 'shutdown' }),
  __proto__: message('{"__proto__":{"type":"pong","id":1}}'),
  'a wrong type of field': message({ type: 'pong', id: '1' }),
  'a half message': message({ type: 'pong', id: 1 }).subarray(0, 7),
  'a port above 65535': message({ type: 'listening', port: 70_000, how: 'listen' }),
};
module.exports = ({ kind }) => {
  setTimeout(() => {
    fs.writeSync(3, kinds[kind]);
    // The rest of a half message is somebody else's message.
    if (kind === 'a half message') fs.writeSync(3, message({ type: 'pong', id: 2 }));
  }, 20);
};
