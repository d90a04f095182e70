import { expect, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repository } from '../../support/paths.js';
import { run } from '../../support/program.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

interface Packed {
  readonly name: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

interface Component {
  readonly name: string;
  readonly version: string;
  readonly licenses?: readonly unknown[];
  readonly hashes?: readonly unknown[];
}

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly repository: { readonly url: string };
  readonly publishConfig: { readonly provenance: boolean };
  readonly files: readonly string[];
}

/** What may be in the package, and nothing else. */
const wanted: readonly RegExp[] = [
  /^(package\.json|README\.md|CHANGELOG\.md|CONTRIBUTING\.md|SECURITY\.md|LICENSE)$/,
  /^docs\/[\w./-]+\.(md|png)$/,
  /^dist\/(config|pools|server)\/[\w./-]+\.c?js$/,
  // What the dashboard sends to browsers.
  /^(dist\/)?server\/ui\/[\w./-]+\.(js|css|html|svg|ico|png|json|map)$/,
  /^dist\/sbom\.cdx\.json$/,
  /^config\/docs\/sluice\.schema\.json$/,
  /^pools\/integration\/(README\.md|LICENSE)$/,
  /^examples\/(README\.md|sluice\.yaml)$/,
  /^examples\/[\w-]+\/[\w-]+\.(js|json|py|cs|csproj)$/,
  /^deploy\/npm\/start\.mjs$/,
  /^deploy\/(compose|docker|grafana|kubernetes|prometheus|systemd)\//,
];
const never = /(^|\/)(node_modules|test|tests|\.git|\.cache)(\/|$)|\.(ts|map|tsbuildinfo|log|tgz|pem|key|pfx)$/;

function read(file: string): PackageJson {
  return JSON.parse(readFileSync(join(repository, file), 'utf8')) as PackageJson;
}

async function pack(...args: string[]): Promise<Packed> {
  const told = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--silent', ...args], {
    cwd: repository,
    limitMs: 120_000,
  });
  const text = told.output.slice(told.output.search(/^[[{]/m));
  const parsed = JSON.parse(text) as Packed[] | Record<string, Packed>;
  const [packed] = Object.values(parsed);
  if (packed === undefined) throw new Error(told.output);
  return packed;
}

test('npm packs what an installation needs, and nothing else', async () => {
  const packed = await pack();
  const paths = packed.files.map((file) => file.path);
  expect(paths.filter((path) => never.test(path))).toEqual([]);
  expect(paths.filter((path) => !wanted.some((one) => one.test(path)))).toEqual([]);
  expect(paths).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'SECURITY.md',
      'dist/server/cli/main.js',
      'dist/server/listener/main.js',
      'dist/pools/runtimes/in-process/host.cjs',
      'dist/pools/runtimes/in-process/watchdog.cjs',
      'config/docs/sluice.schema.json',
      'deploy/docker/Dockerfile',
      'deploy/compose/compose.yaml',
      'deploy/kubernetes/base/kustomization.yaml',
      'deploy/npm/start.mjs',
      'examples/sluice.yaml',
    ]),
  );
  expect(packed.unpackedSize).toBeLessThan(10_000_000);
  expect(deadLinks(paths)).toEqual([]);
});

/** Pages of the package that link to what is not in it. */
function deadLinks(paths: readonly string[]): readonly string[] {
  const isThere = (path: string): boolean => paths.some((one) => one === path || one.startsWith(`${path}/`));
  const pages = paths.filter((path) => path.endsWith('.md'));
  return pages.flatMap((page) => {
    const links = [...readFileSync(join(repository, page), 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)];
    const targets = links.map((link) => join(dirname(page), link[1] ?? '').replace(/\/$/, ''));
    return targets.filter((path) => !isThere(path)).map((path) => `${page} -> ${path}`);
  });
}

test('the package for applications has code and types, and nothing else', async () => {
  const paths = (await pack('--workspace', '@sluice/integration')).files.map((file) => file.path);
  const types = paths.filter((path) => path.endsWith('.d.cts'));
  const others = paths.filter((path) => !types.includes(path));
  expect(others.toSorted()).toEqual(['LICENSE', 'README.md', 'dist/index.cjs', 'package.json']);
  // What its own types name, and no more.
  const named = types.flatMap((path) => {
    const text = readFileSync(join(repository, 'pools', 'integration', path), 'utf8');
    return [...text.matchAll(/'\.\/([\w-]+)\.cjs'/g)].map((match) => `dist/${match[1]}.d.cts`);
  });
  expect(types.toSorted()).toEqual([...new Set(['dist/index.d.cts', ...named])].toSorted());
});

test('both packages say where they come from and ask for provenance', () => {
  const packages = ['package.json', 'pools/integration/package.json'].map(read);
  for (const one of packages) {
    expect(one).toMatchObject({ license: 'Apache-2.0', publishConfig: { provenance: true } });
    expect(one.repository.url).toMatch(/^git\+https:\/\//);
    expect(one.version).toBe(packages[0]?.version);
  }
});

test('nothing is published under the placeholder of an address, or from a desk', async () => {
  const script = join(repository, 'deploy', 'npm', 'may-publish.mjs');
  const { CI: _ci, ...env } = process.env;
  const refused = await run(process.execPath, [script], { env });
  expect(refused.code).toBe(1);
  expect(refused.output).toContain('publish from there');
  const isPlaceholder = new URL(read('package.json').repository.url).hostname.endsWith('.example');
  expect(refused.output.includes('placeholder')).toBe(isPlaceholder);
});

test('the bill of materials names every production dependency with version, licence and hash', async () => {
  const folder = tempFolder('sbom');
  try {
    const file = join(folder, 'sbom.json');
    const written = await run('npm', ['run', '--silent', 'sbom', '--', file], { cwd: repository, limitMs: 120_000 });
    expect({ ...written, isThere: existsSync(file) }).toMatchObject({ code: 0, isThere: true });
    const bill = JSON.parse(readFileSync(file, 'utf8')) as {
      bomFormat: string;
      metadata: { component: Component };
      components: Component[];
    };
    expect(bill.bomFormat).toBe('CycloneDX');
    expect(bill.metadata.component).toMatchObject({ name: 'sluice', version: read('package.json').version });
    const { packages } = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { version?: string; dev?: boolean; optional?: boolean; link?: boolean }>;
    };
    const installed = Object.entries(packages)
      .filter(([path, one]) => path.includes('node_modules/') && !one.dev && !one.optional && !one.link)
      .map(([path, one]) => `${path.slice(path.lastIndexOf('node_modules/') + 13)}@${one.version}`);
    expect([...new Set(bill.components.map((one) => `${one.name}@${one.version}`))].sort()).toEqual(
      [...new Set(installed)].sort(),
    );
    // An image that is built of a checkout has it too.
    const built = readFileSync(join(repository, 'deploy', 'docker', 'Dockerfile'), 'utf8');
    expect(built).toMatch(/npm run build && npm run sbom\b/);
    expect(bill.components.filter((one) => !one.licenses?.length || !one.hashes?.length)).toEqual([]);
  } finally {
    removeFolder(folder);
  }
});
