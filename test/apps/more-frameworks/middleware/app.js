// Express 5 with the middleware that looks deepest into requests, answers and sockets.
const compression = require('compression');
const express = require('express');
const session = require('express-session');
const helmet = require('helmet');
const morgan = require('morgan');
const multer = require('multer');

const app = express();
const logged = [];
const closed = [];
app.use(
  morgan(':method :url :status :res[content-length] :http-version', {
    skip: (request) => request.url === '/logged',
    stream: { write: (line) => logged.push(line.trim()) },
  }),
);
app.use(helmet());
app.use(compression({ threshold: 100 }));
app.use(session({ secret: 'of a test', resave: false, saveUninitialized: false, genid: () => 'session-of-a-test' }));
app.use('/static', express.static(__dirname, { lastModified: false }));

app.get('/', (_request, response) => response.send('middleware'));
app.get('/long', (_request, response) => response.type('text').send('long '.repeat(20_000)));
app.get('/visits', (request, response) => {
  request.session.visits = (request.session.visits ?? 0) + 1;
  response.json({ visits: request.session.visits });
});
app.post('/files', multer({ storage: multer.memoryStorage() }).array('files'), (request, response) => {
  const files = request.files.map(({ originalname, mimetype, size }) => ({ originalname, mimetype, size }));
  response.json({ files, fields: request.body });
});
app.get('/download', (_request, response) => response.download(__filename, 'source of the app.js'));
app.get('/events', (request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-transform' });
  let count = 0;
  const timer = setInterval(() => response.write(`data: ${(count += 1)}\n\n`), 5);
  response.on('close', () => {
    clearInterval(timer);
    closed.push(`${request.url} ${response.writableEnded} ${request.aborted}`);
  });
});
app.get('/hints', (_request, response) => {
  response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' }, () => response.send('hinted'));
});
app.get('/seen', (request, response) => {
  const { secure, protocol, ip, subdomains, xhr, fresh } = request;
  response.json({ secure, protocol, ip: ip.replace('::ffff:', ''), subdomains, xhr, fresh });
});
app.get('/closed', (_request, response) => response.json(closed));
app.get('/logged', (_request, response) => response.json(logged));

app.listen(process.env.PORT || 3000);
