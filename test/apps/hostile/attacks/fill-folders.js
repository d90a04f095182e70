// Links to other people's folders wherever the server cleans, counts or reads in the tenant's own folders.
const fs = require('node:fs');
const { join } = require('node:path');
const { each } = require('../tried.js');

module.exports = ({ canary }) =>
  each(
    [process.env.TMPDIR, process.env.HOME].flatMap((folder) => [
      [`link in ${folder}`, () => fs.symlinkSync(canary, join(folder, 'link'))],
      [`name of an option in ${folder}`, () => fs.symlinkSync(canary, join(folder, '-rf'))],
      [`name with a line end in ${folder}`, () => fs.symlinkSync(canary, join(folder, 'a\n..\n'))],
      [`tree in ${folder}`, () => fs.mkdirSync(join(folder, 'a/b/c/d/e'), { recursive: true })],
      [`link below in ${folder}`, () => fs.symlinkSync(canary, join(folder, 'a/b/c/link'))],
    ]),
  );
