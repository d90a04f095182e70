import { describe, expect, test } from '@jest/globals';
import type { TlsConfig } from '../../../config/model.js';
import { selfSigned } from '../../../server/primary/self-signed.js';
import { places, withFiles } from './support.js';

const dayMs = 86_400_000;
const own = selfSigned({ commonName: 'a', names: ['a.test'], notBeforeMs: 0, notAfterMs: 4_000_000_000_000 });
const foreign = selfSigned({ commonName: 'b', names: ['b.test'], notBeforeMs: 0, notAfterMs: dayMs });

/** `lines` are below the one site, from line 5 on. */
async function load(
  lines: readonly string[],
  top: readonly string[] = [],
): Promise<{ places: string[]; tls: (TlsConfig | null)[] }> {
  let result = { places: [] as string[], tls: [] as (TlsConfig | null)[] };
  await withFiles(async (files) => {
    files.write('app/server.js').write('a.pem', own.certificate).write('a.key', own.privateKey);
    files.write('b.key', foreign.privateKey).write('empty.pem', 'nothing').write('dir/x');
    const text = [
      'applicationPools: [{ name: p }]',
      'sites:',
      '- name: s',
      '  applications: [{ path: /, applicationPool: p, physicalPath: app }]',
    ];
    files.write('sluice.yaml', [...text, ...lines, ...top].join('\n'));
    const { config, diagnostics } = await files.load();
    const tls = (config?.sites[0]?.bindings ?? []).map((one) => one.tls);
    result = { places: places(diagnostics), tls: JSON.parse(JSON.stringify(tls).replaceAll(`${files.root}/`, '')) };
  });
  return result;
}

const binding = (rest: string): string[] => [
  '  bindings:',
  `  - { protocol: https, bindingInformation: "*:443:a.test"${rest} }`,
];

describe('where the certificate comes from', () => {
  test('the binding, else the site, else the folder, else development on loopback', async () => {
    const pem = { kind: 'pem', certFile: 'a.pem', keyFile: 'a.key', password: '' };
    const site = '  certificate: { certFile: a.pem, keyFile: a.key }';
    expect((await load(binding(', certificate: { certFile: a.pem, keyFile: a.key }'))).tls[0]?.certificate).toEqual(
      pem,
    );
    expect((await load([site, ...binding('')])).tls[0]?.certificate).toEqual(pem);
    const folder = { kind: 'store', folder: 'dir', password: 'w' };
    const store = ['certificateStore: { path: dir, password: w }'];
    expect((await load(binding(''), store)).tls[0]?.certificate).toEqual(folder);
    expect((await load([site, ...binding(', sslFlags: 2')], store)).tls[0]?.certificate).toEqual(folder);
    const loopback = ['  bindings:', '  - { protocol: https, bindingInformation: "127.0.0.1:443:" }'];
    expect((await load(loopback)).tls[0]?.certificate).toEqual({ kind: 'development' });
  });

  test('sslFlags of IIS act', async () => {
    const { tls } = await load(binding(', sslFlags: 37, certificate: { certFile: a.pem, keyFile: a.key }'));
    expect(tls[0]).toMatchObject({ maxVersion: 'TLSv1.2', http2: false, clientCertificates: 'off' });
  });
});

describe('problems have their place', () => {
  test.each([
    ['none', binding(''), '6:17 certificate-missing'],
    ['development beyond this machine', binding(', certificate: development'), '6:73 development-not-local'],
    ['two kinds', binding(', certificate: { certFile: a.pem, pfxFile: a.pfx }'), '6:73 certificate-ambiguous'],
    ['no authorities', ['  clientCertificates: { mode: require }', ...binding('')], '5:23 authorities-missing'],
    ['unknown form', binding(', certificate: 7'), '6:73 wrong-type'],
  ])('%s', async (_name, lines, place) => {
    expect((await load(lines)).places).toContain(place);
  });

  test('a file that cannot be used is a warning: the other sites are served', async () => {
    for (const [files, place] of [
      ['{ certFile: missing.pem }', '6:73 certificate-unusable'],
      ['{ certFile: empty.pem }', '6:73 certificate-unusable'],
      ['{ certFile: a.pem, keyFile: b.key }', '6:73 certificate-unusable'],
      ['{ pfxFile: a.pem }', '6:73 certificate-unusable'],
    ] as const) {
      const found = await load(binding(`, certificate: ${files}`));
      expect(found.places).toContain(place);
      expect(found.tls).toHaveLength(1);
    }
  });

  test('one port speaks TLS or it does not', async () => {
    const both = [
      ...binding(', certificate: { certFile: a.pem, keyFile: a.key }'),
      '  - { protocol: http, bindingInformation: "*:443:b.test" }',
    ];
    expect((await load(both)).places).toContain('7:43 mixed-protocols');
  });

  test('a redirect needs an address over https', async () => {
    const lines = [
      '  hsts: { enabled: true, redirectHttpToHttps: true }',
      '  bindings: [{ bindingInformation: "*:80:" }]',
    ];
    expect((await load(lines)).places).toContain('5:9 redirect-without-https');
  });
});
