module.exports = { callback: () => (_q, r) => r.end('koa') };
