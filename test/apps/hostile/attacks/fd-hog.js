// Files and sockets until the process may open no more, and then every second again.
const fs = require('node:fs');
const net = require('node:net');

let opened = 0;
let refusal = '';
let timer = null;

function hog() {
  try {
    for (;;) {
      fs.openSync('/dev/null', 'r');
      opened += 1;
    }
  } catch (error) {
    refusal = error.code;
  }
  net.connect(1, '127.0.0.1').on('error', () => undefined);
}

module.exports = () => {
  // The answer has to find a way out: it needs no descriptor.
  hog();
  timer ??= setInterval(hog, 10);
  return { opened, refusal };
};
