const cluster = require('node:cluster');
const http = require('node:http');
if (cluster.isPrimary) for (let n = 0; n < 2; n += 1) cluster.fork();
else http.createServer((_q, r) => r.end(`worker ${cluster.worker.id} ${cluster.isMaster}`)).listen(process.env.PORT);
