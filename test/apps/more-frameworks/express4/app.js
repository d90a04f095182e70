// An unmodified Express 4 app in CommonJS.
const { createHash } = require('node:crypto');
const express = require('express4');

const app = express();
app.use(express.json());
app.use(express.urlencoded({ extended: false }));

app.get('/', (_request, response) => response.send('express'));
app.get('/json', (request, response) => response.json({ query: request.query, host: request.hostname }));
app.get('/hello/:name', (request, response) => response.send(`hello ${request.params.name}`));
app.post('/json', (request, response) => response.status(201).json({ got: request.body }));
app.post('/form', (request, response) => response.json(request.body));
app.post('/upload', (request, response) => {
  const hash = createHash('sha256');
  request.on('data', (chunk) => hash.update(chunk)).on('end', () => response.send(hash.digest('hex')));
});
app.get('/stream', async (_request, response) => {
  for (let index = 0; index < 5; index += 1) {
    response.write(`part ${index}\n`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  response.end();
});
app.get('/cookies', (_request, response) => response.cookie('a', '1').cookie('b', '2').send('cookies'));
app.get('/redirect', (_request, response) => response.redirect('/hello/you'));
app.get('/empty', (_request, response) => response.status(204).end());
app.get('/error', () => {
  throw new Error('thrown by a handler');
});
app.get('/rejected', (_request, _response, next) => {
  Promise.reject(new Error('rejected by a handler')).catch(next);
});
app.get('/file', (_request, response) => response.sendFile(__filename));
app.use((error, _request, response, _next) => response.status(500).send(`handled: ${error.message}`));

app.listen(process.env.PORT || 3000);
