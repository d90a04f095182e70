// What the image serves until an application is mounted at /srv/app.
import { createServer } from 'node:http';

const text = `Sluice runs (process ${process.pid}, Node ${process.version}).

Mount an application at /srv/app, or a configuration at /etc/sluice/sluice.yaml.
`;

createServer((_request, response) => {
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.end(text);
}).listen(process.env.PORT ?? 3000);
