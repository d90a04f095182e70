// Files, links and folders where the server or another pool would find them.
const fs = require('node:fs');
const { join } = require('node:path');
const { each } = require('../tried.js');

module.exports = ({ folders, groups }) =>
  each([
    ...folders.flatMap((folder) => [
      [`a file in ${folder}`, () => fs.writeFileSync(join(folder, 'planted'), 'x')],
      [`a link in ${folder}`, () => fs.symlinkSync('/etc', join(folder, 'planted-link'))],
      [`${folder} moved away`, () => fs.renameSync(folder, `${folder}.away`)],
    ]),
    ...groups.map((file) => [`itself into ${file}`, () => fs.writeFileSync(file, String(process.pid))]),
  ]);
