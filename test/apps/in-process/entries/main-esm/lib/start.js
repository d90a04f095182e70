// A main without extension, which loads the ESM part by import().
import('./part.mjs').then(({ text }) => {
  const server = require('node:http').createServer((_q, r) => r.end(`${text} ${require.main === module}`));
  server.listen(process.env.PORT);
});
