// What attacks share: a list of attempts with what each of them got, and floods of a descriptor.
const fs = require('node:fs');
const net = require('node:net');

/** `done` or the name of the error. */
async function outcome(act) {
  try {
    await act();
    return 'done';
  } catch (error) {
    return error.info?.code ?? error.code ?? String(error);
  }
}

/** `attempts`: [what, act] each; all are tried. */
exports.each = async (attempts) => {
  const tried = [];
  for (const [what, act] of attempts) tried.push({ what, got: await outcome(act) });
  return tried;
};

/** Resolves once connected. */
exports.connected = (options) =>
  new Promise((resolve, reject) => {
    const socket = net.connect(options, () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });

/** Writes `next()` to the descriptor as fast as it is taken, until it breaks or there is no more. */
exports.flood = (fd, next) => {
  let rest = Buffer.alloc(0);
  const turn = () => {
    try {
      for (let round = 0; round < 64; round += 1) {
        if (rest.length === 0) rest = next();
        if (rest === null) return;
        rest = rest.subarray(fs.writeSync(fd, rest));
      }
    } catch (error) {
      if (error.code !== 'EAGAIN') return;
      setTimeout(turn, 5);
      return;
    }
    setImmediate(turn);
  };
  turn();
};

/** One message of the control channel as its bytes. */
exports.message = (value) => {
  const json = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  return Buffer.concat([length, json]);
};

/** One frame of a link as its bytes. */
exports.frame = (type, flags, stream, payload) => {
  const head = Buffer.alloc(12);
  head.writeUInt32BE(payload.length, 0);
  head[4] = type;
  head[5] = flags;
  head.writeUInt32BE(stream, 8);
  return Buffer.concat([head, payload]);
};

/** Descriptors of sockets beyond the inherited ones: among them every link. */
exports.sockets = () =>
  fs.readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      return Number(name) > 5 && fs.readlinkSync(`/proc/self/fd/${name}`).startsWith('socket:') ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
