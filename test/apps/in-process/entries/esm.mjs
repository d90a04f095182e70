import http from 'node:http';
http.createServer((_q, r) => r.end(`main ${import.meta.main ?? true}`)).listen(process.env.PORT);
