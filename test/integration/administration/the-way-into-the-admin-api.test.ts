/** From the command line to the dashboard's session, over TLS as an administrator would set it up. */
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { app, sluiceMain } from '../../support/paths.js';
import { run } from '../../support/program.js';
import { type Sluice, withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { TestAuthority } from '../../support/test-certificates.js';
import { until } from '../../support/time.js';

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly cookie: string;
}

async function ask(
  sluice: Sluice,
  ca: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: unknown,
): Promise<Answer> {
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  const method = body === undefined ? 'GET' : 'POST';
  return new Promise((done, fail) => {
    const where = {
      host: '127.0.0.1',
      port: sluice.adminPort,
      path,
      method,
      ca,
      servername: 'localhost',
      agent: false,
    };
    const asked = request({ ...where, headers: { ...headers, ...json } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      answer.once('end', () =>
        done({ status: answer.statusCode ?? 0, text, cookie: answer.headers['set-cookie']?.[0] ?? '' }),
      );
    });
    asked.once('error', fail);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** By an address, with what the environment says; and the certificate is among those of the server. */
async function commandsGetThrough(
  sluice: Sluice,
  folder: string,
  {
    certFile,
    authority,
    token,
  }: { readonly certFile: string; readonly authority: TestAuthority; readonly token: string },
): Promise<void> {
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 });
  const environment = {
    ...process.env,
    SLUICE_TOKEN_FILE: tokenFile,
    SLUICE_ADMIN: `https://localhost:${sluice.adminPort}`,
  };
  const status = [sluiceMain, 'status'];
  const trusting = { env: { ...environment, SLUICE_CA_FILE: authority.file } };
  const shown = await run(process.execPath, status, trusting);
  expect(shown).toMatchObject({ code: 0, output: expect.stringMatching(/1 site, 1 application, 1 pool$/m) });
  const stranger = await run(process.execPath, status, { env: environment });
  expect(stranger).toMatchObject({ code: 1, output: expect.stringContaining('SLUICE_CA_FILE') });
  const listed = await run(process.execPath, [sluiceMain, 'cert', 'list', '--config', sluice.file]);
  expect(listed.output).toContain(certFile);
  const metrics = await ask(sluice, authority.pem, '/metrics');
  expect(metrics.text).toContain(`sluice_certificate_not_after_timestamp_seconds{file="${certFile}"`);
}

test('a token from the command line opens the API over TLS at once, and a link signs a browser in once', async () => {
  const folder = tempFolder();
  const authority = new TestAuthority(folder);
  const { certFile, keyFile } = authority.issue({ names: ['localhost'] });
  const made = await run(process.execPath, [
    sluiceMain,
    'admin',
    'token',
    '--role',
    'operator',
    '--pool',
    'a',
    '--json',
  ]);
  const { token, entry } = JSON.parse(made.output) as { token: string; entry: { hash: string } };
  const yaml = (tokens: readonly unknown[]): string => `
admin: { listen: "127.0.0.1:ADMIN_PORT", tls: ${JSON.stringify({ certFile, keyFile })}, tokens: ${JSON.stringify(tokens)} }
runDir: FOLDER/run
stateDir: FOLDER/state
logDir: FOLDER/log
listeners: 1
applicationPools: [{ name: a }]
sites:
  - name: main
    bindings: [{ protocol: http, bindingInformation: "*:PORT:" }]
    applications: [{ path: /, applicationPool: a, physicalPath: ${app('plain')} }]
`;
  await withSluice({ yaml: yaml([]) }, async (sluice) => {
    const bearer = { authorization: `Bearer ${token}` };
    const refused = await ask(sluice, authority.pem, '/api/v1/pools', bearer);
    expect(refused).toMatchObject({ status: 401, text: expect.stringContaining('sluice admin token') });
    const text = readFileSync(sluice.file, 'utf8');
    writeFileSync(sluice.file, text.replace('tokens: []', `tokens: [${JSON.stringify(entry)}]`));
    await until(
      'the token is let in',
      async () => (await ask(sluice, authority.pem, '/api/v1/pools', bearer)).status === 200,
    );
    expect((await ask(sluice, authority.pem, '/api/v1/config', bearer)).status).toBe(403);

    await commandsGetThrough(sluice, folder, { certFile, authority, token });

    const link = await run(process.execPath, [sluiceMain, 'admin', 'link', '--config', sluice.file]);
    const pattern = /^https:\/\/127\.0\.0\.1:\d+\/ui\/#code=([\w-]{43})$/m;
    const [, code = ''] = pattern.exec(link.output) ?? [];
    const asJson = await run(process.execPath, [sluiceMain, 'admin', 'link', '--config', sluice.file, '--json']);
    expect(JSON.parse(asJson.output)).toMatchObject({ url: expect.stringMatching(pattern) });
    const opened = await ask(sluice, authority.pem, '/api/v1/session', {}, { code });
    expect(opened.status).toBe(200);
    expect(opened.cookie).toMatch(/; HttpOnly; SameSite=Strict; Secure$/);
    const { secret } = JSON.parse(opened.text) as { secret: string };
    const session = { cookie: opened.cookie.split(';')[0] ?? '', 'x-sluice-session': secret };
    const who = await ask(sluice, authority.pem, '/api/v1/session', session);
    expect(JSON.parse(who.text)).toEqual({ name: 'socket', role: 'admin', pools: 'all', via: 'session' });
    expect((await ask(sluice, authority.pem, '/api/v1/session', {}, { code })).status).toBe(401);

    const log = readFileSync(join(sluice.folder, 'log', 'sluice.log'), 'utf8') + sluice.output();
    for (const hidden of [token, code, secret, session.cookie.split('=')[1] ?? '']) expect(log).not.toContain(hidden);
  });
  removeFolder(folder);
}, 120_000);
