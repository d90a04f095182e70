// Without a certificate: alone no handshake would succeed, hosted none takes place.
const tls = require('node:tls');
require('node:https').createServer((q, r) => r.end(`https ${q.socket instanceof tls.TLSSocket}`)).listen(process.env.PORT);
