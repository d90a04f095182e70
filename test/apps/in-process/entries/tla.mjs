import http from 'node:http';
import { setTimeout } from 'node:timers/promises';
await setTimeout(50);
http.createServer((_q, r) => r.end('after await')).listen(process.env.PORT);
