// Puts something into its own folders: { at, kind: 'file' | 'link' | 'hard link' | 'pipe' | 'large file' | 'none', to }.
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');

const kinds = {
  file: (at, to) => fs.writeFileSync(at, to),
  link: (at, to) => fs.symlinkSync(to, at),
  'hard link': (at, to) => fs.linkSync(to, at),
  pipe: (at) => execFileSync('/usr/bin/mkfifo', [at]),
  folder: (at) => fs.mkdirSync(at),
  'large file': (at) => {
    fs.writeFileSync(at, '<configuration>');
    fs.truncateSync(at, 100 * 1024 * 1024);
  },
  none: () => undefined,
};
module.exports = ({ at, kind, to = '' }) => {
  fs.rmSync(at, { recursive: true, force: true });
  try {
    kinds[kind](at, to);
    return 'done';
  } catch (error) {
    return error.code ?? String(error);
  }
};
