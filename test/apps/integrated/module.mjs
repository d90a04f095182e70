// The same in ten lines, as an ES module.
import { createServer } from 'node:http';
import { attach } from '@sluice/integration';

const server = createServer((request, response) => {
  response.end(JSON.stringify({ pid: process.pid, port: process.env.ASPNETCORE_PORT, url: request.url, path }));
});
const { path, address } = await attach(server);
console.log(`listening ${JSON.stringify(address)}`);
