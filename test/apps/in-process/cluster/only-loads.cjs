const cluster = require('node:cluster');
require('node:http').createServer((_q, r) => r.end(`worker ${cluster.worker?.id ?? 0} false`)).listen(process.env.PORT);
