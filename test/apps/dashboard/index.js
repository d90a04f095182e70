// The fixture of the dashboard's tests: crashes, waits and prints on demand; whatever it says attacks whoever shows it.
const { createServer } = require('node:http');

const attack = (where) => `<img src=x onerror="window.attacked='${where}'"><script>window.attacked='${where}'</script>`;
let waiting = [];

createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (pathname.endsWith('/crash')) {
    console.error(attack('output'));
    const error = new Error(attack('error'));
    error.stack = `${error.stack}\n    at ${attack('stack')} (app.js:1:1)`;
    throw error;
  }
  if (pathname.endsWith('/print')) console.log(attack('line'));
  if (pathname.endsWith('/wait')) {
    waiting.push(response);
    return;
  }
  if (pathname.endsWith('/go')) {
    for (const one of waiting) one.end('went');
    waiting = [];
  }
  response.setHeader('x-attack', "'\"><script>window.attacked='header'</script>");
  response.statusCode = pathname.endsWith('/error') ? 500 : 200;
  response.end('ok');
}).listen(process.env.PORT);
