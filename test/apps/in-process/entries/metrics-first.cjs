// Two more HTTP servers with ports of their own around the app's: the one on PORT is the app.
const http = require('node:http');
const address = {};
const metrics = http.createServer((_q, r) => r.end('metrics'));
metrics.listen(0, () => {
  http.createServer((_q, r) => r.end(JSON.stringify(address))).listen(process.env.PORT, () => {
    const admin = http.createServer((_q, r) => r.end('admin'));
    admin.listen(0, () => Object.assign(address, { metrics: metrics.address().port, admin: admin.address().port }));
  });
});
