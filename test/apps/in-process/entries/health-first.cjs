// A health server listens first, the app on PORT later.
const http = require('node:http');
http.createServer((_q, r) => r.end('health')).listen(0, () => {
  http.createServer((_q, r) => r.end('the app')).listen(process.env.PORT);
});
