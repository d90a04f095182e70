// Exports its handler and listens after its "database" is there: must be started once.
const app = (_q, r) => r.end(`late ${starts}`);
let starts = 0;
setTimeout(() => {
  starts += 1;
  require('node:http').createServer(app).listen(process.env.PORT);
}, 300);
module.exports = app;
