// From the first request for /drop on it closes every pipe that this process accepted: the links of the listeners.
import { createHook } from 'node:async_hooks';
import { createServer } from 'node:http';

const pipes = new Set();
createHook({
  init: (_id, type, _trigger, resource) => {
    if (type === 'PIPEWRAP') pipes.add(resource);
  },
}).enable();

function dropEverything() {
  for (const pipe of pipes) pipe.close();
  pipes.clear();
}

createServer((request, response) => {
  if (request.url === '/drop') setInterval(dropEverything, 1);
  else response.end(String(process.pid));
}).listen(process.env.PORT);
