// A message of 4 GB that never ends.
const { flood } = require('../tried.js');

const block = Buffer.alloc(65_536, 0x20);
module.exports = () => {
  setTimeout(() => {
    let first = true;
    flood(3, () => {
      const bytes = first ? Buffer.from([0xff, 0xff, 0xff, 0xff]) : block;
      first = false;
      return bytes;
    });
  }, 20);
};
