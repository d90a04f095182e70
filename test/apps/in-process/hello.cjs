// The smallest app; /cpu tells what the process has used so far.
'use strict';
const http = require('node:http');
http
  .createServer((req, res) => {
    if (req.url === '/cpu') {
      res.end(JSON.stringify({ ...process.cpuUsage(), rss: process.memoryUsage().rss }));
      return;
    }
    res.end('hello world');
  })
  .listen(process.env.PORT, () => process.stdout.write('ready\n'));
