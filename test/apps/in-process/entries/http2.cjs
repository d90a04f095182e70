require('node:http2').createServer().listen(process.env.PORT);
