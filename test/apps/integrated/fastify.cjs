const fastify = require('fastify')({ bodyLimit: 5_000_000 });
const { attach } = require('@sluice/integration');

fastify.all('/*', ({ ip, protocol, url, body }) => ({
  pid: process.pid,
  port: process.env.ASPNETCORE_PORT,
  url,
  ip,
  protocol,
  body,
}));
fastify.addHook('onClose', async () => process.stdout.write('fastify closed\n'));
fastify
  .ready()
  .then(() => attach(fastify.server, { forwardedHeaders: true, onStop: () => fastify.close() }))
  .then(({ address }) => process.stdout.write(`listening ${JSON.stringify(address)}\n`));
