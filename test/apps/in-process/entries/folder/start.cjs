require('node:http').createServer((_q, r) => r.end(`folder ${require.main === module}`)).listen(process.env.PORT);
