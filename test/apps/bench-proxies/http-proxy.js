// Peer of the benchmark: the package http-proxy with a keep-alive agent, as its documentation shows.
import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';

const { PORT, UPSTREAM_PORT } = process.env;
const agent = new Agent({ keepAlive: true, maxSockets: 1024 });
const proxy = httpProxy.createProxyServer({ target: { host: '127.0.0.1', port: Number(UPSTREAM_PORT) }, agent });
proxy.on('error', (_error, _request, response) => response.destroy?.());
createServer((request, response) => proxy.web(request, response)).listen(Number(PORT), '127.0.0.1');
