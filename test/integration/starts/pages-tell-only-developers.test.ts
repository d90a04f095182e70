import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer } from '../../support/http-client.js';
import { outOfProcess } from '../../support/hosting.js';
import { type Settings, type Sluice, startSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { appFolder } from './app-folder.js';

const secret = 'Tr0ub4dor';
const failing = `
console.log('<script>alert(1)</script> \\u001b[31mred');
throw new Error('cannot log in with ${secret}');
`;
const development: Settings = { ASPNETCORE_ENVIRONMENT: 'Development', DATABASE_PASSWORD: 'hunter2' };
const production: Settings = { NODE_ENV: 'production', DATABASE_PASSWORD: 'hunter2' };
const formats = ['text/html', 'application/json', 'text/plain'] as const;

/** name -> what its pool and its hosting say. */
const apps: Readonly<Record<string, { readonly pool?: Settings; readonly application?: Settings }>> = {
  visitors: { pool: { environmentVariables: production } },
  'visitors-out': { pool: { environmentVariables: production }, application: outOfProcess('index.js') },
  unset: {},
  developers: { pool: { environmentVariables: development } },
  'developers-out': { application: outOfProcess('index.js', { environmentVariables: development }) },
  bare: { application: { hosting: { disableStartUpErrorPage: true, environmentVariables: development } } },
  misconfigured: { pool: { environmentVariables: development } },
  'misconfigured-visitors': {},
};

let root = '';
let sluice: Sluice;

beforeAll(async () => {
  root = tempFolder('app');
  for (const name of Object.keys(apps)) appFolder(root, name, failing);
  for (const name of ['misconfigured', 'misconfigured-visitors']) {
    const forbidden = '<configuration>\n<system.webServer>\n<security><ipSecurity allowUnlisted="false"/></security>\n';
    writeFileSync(join(root, name, 'web.config'), `${forbidden}</system.webServer>\n</configuration>\n`);
  }
  sluice = await startSluice({
    applicationPools: Object.entries(apps).map(([name, { pool }]) => ({ name, ...pool })),
    applications: Object.entries(apps).map(([name, { application }]) => ({
      path: `/${name}`,
      applicationPool: name,
      physicalPath: join(root, name),
      ...application,
    })),
  });
});

afterAll(async () => {
  removeFolder(root);
  await sluice.stop();
});

function ask(name: string, accept: string): Promise<Answer> {
  return sluice.call(`/${name}/`, { headers: { accept } });
}

describe('a visitor reads the status and a neutral sentence, in the format asked for', () => {
  test.each([
    ['visitors', 500, 30],
    ['unset', 500, 30],
    ['visitors-out', 502, 5],
    ['misconfigured-visitors', 500, 19],
  ])('%s: %i.%i', async (name, status, subStatus) => {
    for (const accept of formats) {
      const answer = await ask(name, accept);
      expect(answer.status).toBe(status);
      expect(answer.headers['content-type']).toContain(accept === 'application/json' ? 'problem+json' : accept);
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
      for (const word of [secret, root, name, 'script', 'Error:', 'index', 'node', 'PASSWORD', 'start', 'process'])
        expect(answer.text).not.toContain(word);
      const named = accept === 'application/json' ? `"subStatus": ${subStatus},` : `${status}.${subStatus}`;
      expect(answer.text).toContain(named);
      expect(answer.text).toContain('The request could not be answered.');
    }
  });
});

describe('a developer reads cause, journey, remedy, output and names', () => {
  test.each([
    ['developers', '500.30'],
    ['developers-out', '502.5'],
  ])('%s: %s, escaped', async (name, code) => {
    const { text, headers } = await ask(name, 'text/html');
    expect(text).toContain(`HTTP Error ${code} - The application`);
    expect(text).toContain(secret);
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt; \\x1b[31mred');
    expect(text).not.toContain('<script');
    expect(text).toContain(join(root, name));
    expect(text).toContain('DATABASE_PASSWORD');
    expect(text).not.toContain('hunter2');
    expect(text).toMatch(/<td>spawn<\/td><td>\d+ ms<\/td><td>ok<\/td>/);
    expect(text).toMatch(/<td>listen<\/td><td>\d+ ms<\/td><td>failed<\/td>/);
    expect(text).toContain('What to do');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect((await ask(name, 'text/plain')).text).toContain('The start, step by step:');
  });

  test('misconfigured: file, line and element', async () => {
    const { text, status } = await ask('misconfigured', 'text/plain');
    expect(status).toBe(500);
    expect(text).toContain('500.19');
    expect(text).toContain(`${join(root, 'misconfigured', 'web.config')}:3:`);
    expect(text).toContain('ipSecurity');
  });
});

test('disableStartUpErrorPage leaves the status alone', async () => {
  const answer = await ask('bare', 'text/html');
  expect(answer.status).toBe(500);
  expect(answer.headers['content-length']).toBe('0');
  expect(answer.text).toBe('');
});

test('nobody is told of the failure over TCP without a token', async () => {
  await ask('developers', 'text/html');
  const open = await fetch(`http://127.0.0.1:${sluice.adminPort}/api/v1/pools`);
  expect(open.status).toBe(401);
  expect(await open.text()).not.toContain(secret);
});
