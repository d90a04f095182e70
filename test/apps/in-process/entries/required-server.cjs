const text = `${require.main === module} ${typeof module.parent}`;
require('node:http').createServer((_q, r) => r.end(text)).listen(process.env.PORT);
