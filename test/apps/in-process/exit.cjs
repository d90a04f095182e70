// Answers and dies in the same turn.
'use strict';
const http = require('node:http');
http
  .createServer((req, res) => {
    if (req.url === '/exit') {
      res.end('x'.repeat(300_000));
      process.exit(3);
    }
    if (req.url === '/pieces') {
      res.write('a'.repeat(200_000));
      res.write('b'.repeat(200_000));
      res.end('c'.repeat(200_000));
      process.exit(4);
    }
    if (req.url === '/small') {
      res.end('bye');
      process.exit(5);
    }
    if (req.url === '/throw') {
      res.end('y'.repeat(300_000));
      throw new Error('after the end');
    }
    res.end('alive');
  })
  .listen(process.env.PORT);
