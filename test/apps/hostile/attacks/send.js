// Bytes of its own to a port of this machine, and the beginning of what comes back.
const net = require('node:net');

module.exports = ({ port, texts }) =>
  Promise.all(
    texts.map(
      (text) =>
        new Promise((resolve) => {
          let got = '';
          const socket = net.connect(port, '127.0.0.1', () => socket.write(Buffer.from(text, 'latin1')));
          socket.setTimeout(5_000, () => socket.destroy());
          socket.on('data', (chunk) => {
            got = (got + chunk.toString('latin1')).slice(0, 200);
            socket.destroy();
          });
          socket.on('error', () => undefined);
          socket.on('close', () => resolve(got));
        }),
    ),
  );
