// Peer of the benchmark: @fastify/http-proxy with its defaults.
import proxy from '@fastify/http-proxy';
import Fastify from 'fastify';

const { PORT, UPSTREAM_PORT } = process.env;
const app = Fastify();
await app.register(proxy, { upstream: `http://127.0.0.1:${UPSTREAM_PORT}` });
await app.listen({ port: Number(PORT), host: '127.0.0.1' });
