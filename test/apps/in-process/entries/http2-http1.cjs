const tls = require('node:tls');
require('node:http2')
  .createSecureServer({ allowHTTP1: true }, (q, r) => r.end(`http2 ${q.httpVersion} ${q.socket instanceof tls.TLSSocket}`))
  .listen(process.env.PORT);
