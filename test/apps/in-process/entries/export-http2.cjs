module.exports = require('node:http2').createServer();
