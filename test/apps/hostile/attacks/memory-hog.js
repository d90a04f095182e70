// Outside V8's heap, whose own limit would end it first.
const kept = [];
let timer = null;
module.exports = () => {
  timer ??= setInterval(() => kept.push(Buffer.alloc(8 * 1024 * 1024, kept.length + 1)), 5);
};
