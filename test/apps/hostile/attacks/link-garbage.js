// No frames at all, or a frame of 4 GB.
const { flood, sockets } = require('../tried.js');

const block = Buffer.alloc(65_536, 0xff);
module.exports = () => {
  setInterval(() => {
    for (const fd of sockets()) flood(fd, () => block);
  }, 200);
};
