// Told to listen on a unix socket, it offers something else there: the file `swap` says { how, target }.
const fs = require('node:fs');
const http = require('node:http');
const { join } = require('node:path');

const { how, target } = JSON.parse(fs.readFileSync(join(__dirname, 'swap'), 'utf8'));
const path = process.env.PORT;
const replace = () => {
  try {
    fs.rmSync(path, { force: true });
    fs.symlinkSync(target, path);
    return 'done';
  } catch (error) {
    return error.code;
  }
};
if (how === 'link') {
  replace();
  setInterval(() => undefined, 1_000);
} else if (how === 'folder') {
  fs.mkdirSync(path);
  setInterval(() => undefined, 1_000);
} else {
  // A good socket, until it is trusted.
  http.createServer((_request, response) => response.end(replace())).listen(path);
}
