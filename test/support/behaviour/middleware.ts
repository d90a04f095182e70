/** What common middleware makes of requests: compression, sessions, uploads, ranges, logs, events, hints. */
import { get } from 'node:http';
import { call, callJson } from '../http-client.js';
import { until, within } from '../time.js';
import { answersTo, type Step } from './http.js';

const boundary = 'boundary-of-a-test';
const form = [
  `--${boundary}\r\ncontent-disposition: form-data; name="title"\r\n\r\nthree files`,
  ...[10, 70_000, 300_000].map(
    (size) =>
      `--${boundary}\r\ncontent-disposition: form-data; name="files"; filename="${size}.txt"\r\n` +
      `content-type: text/plain\r\n\r\n${'f'.repeat(size)}`,
  ),
  `--${boundary}--\r\n`,
].join('\r\n');

const steps: readonly Step[] = [
  { path: '/' },
  { path: '/long' },
  { path: '/long', headers: { 'accept-encoding': 'gzip' } },
  { path: '/long', headers: { 'accept-encoding': 'br' } },
  { path: '/long', method: 'HEAD', headers: { 'accept-encoding': 'gzip' } },
  { path: '/visits' },
  {
    path: '/files',
    method: 'POST',
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: form,
  },
  { path: '/static/app.js' },
  { path: '/static/app.js', method: 'HEAD' },
  { path: '/static/app.js', headers: { range: 'bytes=3-40' } },
  { path: '/static/app.js', headers: { range: 'bytes=-20' } },
  { path: '/static/app.js', headers: { range: 'bytes=999999-' } },
  { path: '/static/missing.js' },
  { path: '/static/..%2fapp.js' },
  { path: '/download' },
  { path: '/hints' },
  { path: '/seen', headers: { 'x-requested-with': 'XMLHttpRequest' } },
  { path: '/long', headers: { connection: 'close' } },
];

/** Takes events until there are some, then leaves. */
function leaveEvents(port: number): Promise<void> {
  const left = new Promise<void>((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path: '/events', agent: false }, (answer) => {
      let text = '';
      answer.on('error', () => undefined);
      answer.setEncoding('utf8').on('data', (more: string) => {
        text += more;
        if (!text.includes('data: 3\n')) return;
        request.destroy();
        resolve();
      });
    });
    request.once('error', reject);
  });
  return within(15_000, 'three events', left);
}

export async function middlewareBehaviour(port: number): Promise<unknown[]> {
  const seen = await answersTo(port, steps);
  const { headers } = await call(port, '/visits');
  const cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  const etag = (await call(port, '/static/app.js')).headers.etag ?? '';
  seen.push(
    ...(await answersTo(port, [
      { path: '/visits', headers: { cookie } },
      { path: '/visits', headers: { cookie } },
      { path: '/static/app.js', headers: { 'if-none-match': etag } },
    ])),
  );
  await leaveEvents(port);
  const closed = await until('the app sees the client leave', async () => {
    const told = await callJson(port, '/closed');
    return (told as unknown[]).length > 0 && told;
  });
  // The line of /events comes with its end; those of /closed are as many as it took.
  const logged = (await callJson(port, '/logged')) as string[];
  return [...seen, closed, logged.filter((line) => !line.includes('/closed'))];
}
