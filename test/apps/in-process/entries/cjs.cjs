require('node:http').createServer((_q, r) => r.end(`${require.main === module} ${module.parent}`)).listen(process.env.PORT);
