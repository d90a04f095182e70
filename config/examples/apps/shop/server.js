import { createServer } from 'node:http';

createServer((_request, response) => response.end('shop\n')).listen(process.env.PORT ?? 3000);
