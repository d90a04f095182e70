require('node:http2').createSecureServer().listen(process.env.PORT);
