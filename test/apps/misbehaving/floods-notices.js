// Speaks the host's protocol and fills the server log as fast as the control pipe allows.
const net = require('node:net');
const pipe = new net.Socket({ fd: 3 });
const start = JSON.parse(process.env.SLUICE_HOST_START);
const send = (message) => {
  const json = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(json.length);
  pipe.write(Buffer.concat([head, json]));
};
send({ type: 'hello', protocol: start.protocol, node: process.version, pid: process.pid, path: 'fast' });
const text = 'tenant '.repeat(300);
for (let index = 0; index < 40; index += 1) {
  send({ type: 'notice', code: `code-${index}`, text });
  send({ type: 'notice', code: 'same', text });
  send({ type: 'fatal', text });
}
const server = net.createServer();
server.listen({ fd: 4 }, () => send({ type: 'listening', port: start.envPort, how: 'listen' }));
