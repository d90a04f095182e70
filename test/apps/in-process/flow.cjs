// Bodies without end, for windows: the log tells how far the app got.
'use strict';
const http = require('node:http');
const chunk = Buffer.alloc(65_536, 'w');

http
  .createServer((req, res) => {
    if (req.url === '/rss') {
      res.end(JSON.stringify({ rss: process.memoryUsage().rss, written, drains }));
      return;
    }
    if (req.url === '/never-read') {
      req.pause();
      return;
    }
    let left = 100 * 1_048_576;
    const more = () => {
      while (left > 0) {
        left -= chunk.length;
        written += chunk.length;
        if (!res.write(chunk)) {
          drains += 1;
          res.once('drain', more);
          return;
        }
      }
      res.end();
    };
    more();
  })
  .listen(process.env.PORT);
let written = 0;
let drains = 0;
