const { createServer } = require('node:http');
const express = require('express');
const { attach } = require('@sluice/integration');

const app = express();
app.use(express.json({ limit: '5mb' }));
app.all('/{*rest}', ({ ip, protocol, originalUrl, body }, response) => {
  response.json({ pid: process.pid, port: process.env.ASPNETCORE_PORT, url: originalUrl, ip, protocol, body });
});
attach(createServer(app), { forwardedHeaders: true });
