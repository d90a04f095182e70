module.exports = (_q, r) => r.end('handler');
