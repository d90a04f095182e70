import cluster, { isPrimary } from 'node:cluster';
import http from 'node:http';
if (isPrimary) cluster.fork();
else http.createServer((_q, r) => r.end(`worker ${cluster.worker.id} ${cluster.isMaster}`)).listen(process.env.PORT);
