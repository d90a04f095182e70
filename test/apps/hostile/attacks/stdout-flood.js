// Gigabytes without a line end, on both streams.
const { flood } = require('../tried.js');

const block = Buffer.alloc(65_536, 'x');
let begun = false;
module.exports = () => {
  if (begun) return;
  begun = true;
  for (const fd of [1, 2]) flood(fd, () => block);
};
