// Links of other pools, sockets of other programs, the admin socket: by their very paths.
const fs = require('node:fs');
const { connected, each } = require('../tried.js');

module.exports = ({ sockets, socketFolders }) =>
  each([
    ...sockets.map((path) => [path, () => connected({ path })]),
    ...socketFolders.map((folder) => [`list of ${folder}`, () => fs.readdirSync(folder)]),
  ]);
