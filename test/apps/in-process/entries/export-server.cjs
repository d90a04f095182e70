module.exports = require('node:http').createServer((_q, r) => r.end('server'));
