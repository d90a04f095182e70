// Closes what it was given, and puts something else in its place.
const fs = require('node:fs');

module.exports = ({ descriptors }) => {
  setTimeout(() => {
    for (const fd of descriptors) {
      fs.closeSync(fd);
      fs.openSync('/dev/zero', 'r');
    }
  }, 20);
};
