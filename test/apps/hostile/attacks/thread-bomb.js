const { Worker } = require('node:worker_threads');

let begun = false;
module.exports = () => {
  if (begun) return;
  begun = true;
  const more = () => {
    try {
      new Worker('setInterval(() => undefined, 1000)', { eval: true }).on('error', () => undefined);
    } catch {
      // No more threads now; perhaps later.
    }
    setTimeout(more, 2);
  };
  more();
};
