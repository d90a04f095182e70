require('node:http').createServer((_q, r) => r.end('run by the entry')).listen(process.env.PORT);
