/** What an HTTP app shows to a client, as data: the same calls against the app alone and hosted are compared. */
import { createHash } from 'node:crypto';
import { type Answer, type Call, call } from '../http-client.js';

export interface Step extends Call {
  readonly path: string;
}

const json = { 'content-type': 'application/json' };
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const binary = { 'content-type': 'application/octet-stream' };

const steps: readonly Step[] = [
  { path: '/' },
  { path: '/', method: 'HEAD' },
  { path: '/json?a=1&b=two&b=three' },
  { path: '/hello/world' },
  { path: '/hello/world', method: 'HEAD' },
  { path: '/json', method: 'POST', headers: json, body: JSON.stringify({ text: 'grüße', list: [1, 2, 3] }) },
  { path: '/json', method: 'POST', headers: { ...json, 'transfer-encoding': 'chunked' }, body: '{"chunked":true}' },
  { path: '/form', method: 'POST', headers: form, body: 'name=value&other=%20x' },
  { path: '/upload', method: 'POST', headers: binary, body: Buffer.alloc(3_000_000, 'u') },
  { path: '/upload', method: 'POST', headers: { ...binary, expect: '100-continue' }, body: Buffer.alloc(100_000, 'e') },
  { path: '/stream' },
  { path: '/cookies' },
  { path: '/redirect' },
  { path: '/empty' },
  { path: '/error' },
  { path: '/rejected' },
  { path: '/missing' },
  { path: '/json', method: 'DELETE' },
  { path: '/', method: 'OPTIONS' },
];

/** Fields that belong to the connection or to the moment, not to the app's answer. */
const ofTheConnection = new Set(['connection', 'keep-alive', 'date', 'transfer-encoding', 'proxy-connection']);

function shown(step: Step, answer: Answer): Record<string, unknown> {
  const fields: string[] = [];
  for (let index = 0; index < answer.rawHeaders.length; index += 2) {
    const name = (answer.rawHeaders[index] ?? '').toLowerCase();
    // A 204 has no Content-Length (RFC 9110 8.6); some apps send one, and it is taken out on the way.
    if (name === 'content-length' && answer.status === 204) continue;
    if (!ofTheConnection.has(name)) fields.push(`${name}: ${answer.rawHeaders[index + 1]}`);
  }
  return {
    request: `${step.method ?? 'GET'} ${step.path}`,
    status: answer.status,
    // Order counts within one name only (RFC 9110 5.3), so sorting loses nothing.
    fields: fields.sort(),
    body: answer.body.length > 2_000 ? createHash('sha256').update(answer.body).digest('hex') : answer.text,
  };
}

/** What the app answers to the steps, one after the other. */
export async function answersTo(port: number, asked: readonly Step[]): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (const step of asked) seen.push(shown(step, await call(port, step.path, { ...step, host: 'app.test' })));
  return seen;
}

export function httpBehaviour(port: number): Promise<unknown[]> {
  return answersTo(port, steps);
}
