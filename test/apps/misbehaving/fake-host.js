// The smallest thing that speaks like the in-process host: hello, listening, heartbeats, pongs.
const fs = require('node:fs');
const net = require('node:net');
const start = JSON.parse(process.env.SLUICE_HOST_START);
const pipe = new net.Socket({ fd: 3 });
const send = (message) => {
  const json = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(json.length);
  pipe.write(Buffer.concat([head, json]));
};
send({ type: 'hello', protocol: start.protocol, node: process.version, pid: process.pid, path: 'fast' });
const server = net.createServer((socket) => {
  socket.end(
    JSON.stringify({
      start,
      uid: process.getuid(),
      env: process.env,
      argv: process.argv,
      execArgv: process.execArgv,
      descriptors: fs.readdirSync('/proc/self/fd').flatMap((fd) => {
        try {
          return [`${fd} ${fs.readlinkSync(`/proc/self/fd/${fd}`)}`];
        } catch {
          return [];
        }
      }),
    }),
  );
});
server.listen({ fd: 4 }, () => send({ type: 'listening', port: start.envPort, how: 'listen' }));
setInterval(
  () => send({ type: 'heartbeat', inFlight: 1, quiet: false, delayMs: 0.5, utilization: 0.1, heapUsed: 1000 }),
  50,
);
let buffered = Buffer.alloc(0);
pipe.on('data', (chunk) => {
  buffered = Buffer.concat([buffered, chunk]);
  while (buffered.length >= 4 && buffered.length >= 4 + buffered.readUInt32BE(0)) {
    const end = 4 + buffered.readUInt32BE(0);
    const message = JSON.parse(buffered.subarray(4, end).toString());
    buffered = buffered.subarray(end);
    if (message.type === 'ping') send({ type: 'pong', id: message.id });
    if (message.type === 'drain') send({ type: 'notice', code: 'draining', text: 'told to drain' });
  }
});
