// Keys, state, logs and temporary files of the server and of other pools.
const fs = require('node:fs');
const { each } = require('../tried.js');

module.exports = ({ secrets }) =>
  each(
    secrets.map((path) => [
      path,
      () => (fs.statSync(path).isDirectory() ? fs.readdirSync(path) : fs.readFileSync(path)),
    ]),
  );
