import { expect, test } from '@jest/globals';
import { restartSettings } from '../../../config/change/diff.js';
import { good, oneApplication, withFiles } from './support.js';

const hash = `sha256:${'0'.repeat(64)}`;

test('tokens get their defaults, and a change of them needs no restart', async () => {
  await withFiles(async (files) => {
    files.write('app/server.js').write('sluice.yaml', oneApplication());
    const before = good(await files.load());
    expect(before.server.admin).toMatchObject({ tokens: [], hosts: [], tls: null, metricsTokenHash: '' });
    files.write('sluice.yaml', `admin: { tokens: [{ name: a, hash: "${hash}" }], hosts: [Box] }\n${oneApplication()}`);
    const after = good(await files.load());
    expect(after.server.admin).toMatchObject({
      tokens: [{ name: 'a', hash, role: 'viewer', pools: 'all' }],
      hosts: ['box'],
    });
    expect(restartSettings(before, after)).toEqual([]);
    files.write('sluice.yaml', `admin: { tls: { certFile: a.pem, keyFile: a.key } }\n${oneApplication()}`);
    expect(restartSettings(before, good(await files.load()))).toEqual(['admin']);
  });
});

test.each([
  ['{ tokens: [{ name: a, hash: slu_plain }] }', 'sluice admin token'],
  [`{ tokens: [{ name: a, hash: "${hash}", role: root }] }`, 'viewer'],
  [
    `{ tokens: [{ name: a, hash: "${hash}" }, { name: a, hash: "sha256:${'1'.repeat(64)}" }] }`,
    'two tokens are named a',
  ],
  [`{ tokens: [{ name: a, hash: "${hash}" }, { name: b, hash: "${hash}" }] }`, 'token of another'],
  [`{ listen: "*:9900", tokens: [{ name: a, hash: "${hash}" }] }`, 'without TLS'],
  ['{ listen: "0.0.0.0:9900" }', 'links of `sluice admin link` can be read'],
  [`{ tokens: [{ name: socket, hash: "${hash}" }] }`, 'give the token another name'],
  ['{ tls: { certFile: a.pem } }', 'keyFile'],
])('%s is told', async (admin, message) => {
  await withFiles(async (files) => {
    files.write('app/server.js').write('sluice.yaml', `admin: ${admin}\n${oneApplication()}`);
    const { diagnostics } = await files.load();
    expect(diagnostics.map((one) => `${one.path} ${one.message} ${one.remedy}`).join('\n')).toContain(message);
  });
});
