require('node:http')
  .createServer((_req, res) => res.end())
  .listen(0, '127.0.0.1', function () {
    console.log(`port=${this.address().port}`);
  });
