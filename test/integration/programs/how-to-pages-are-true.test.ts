import { afterAll, beforeAll, expect } from '@jest/globals';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { copyOf } from '../../support/aspnetcore/published.js';
import { type Need, reasonToSkip, testNeeding } from '../../support/needs.js';
import { app, repository } from '../../support/paths.js';
import { run } from '../../support/program.js';
import { type Settings, type Sluice, startSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

interface Page {
  readonly name: string;
  readonly needs: readonly Need[];
  /** Path of a request and what its answer has to contain. */
  readonly requests: readonly (readonly [path: string, answer: RegExp])[];
  /** Puts what the page is about into the folder that stands for one of its `/srv/...`. */
  readonly fill: (folder: string, srv: string, blocks: Blocks) => Promise<void>;
}

/** The page's code by language. */
type Blocks = Readonly<Record<string, readonly string[]>>;

interface Document {
  readonly applicationPools: readonly Settings[];
  readonly sites: readonly { readonly applications: readonly { path: string; physicalPath: string }[] }[];
}

function blocksOf(page: string): Blocks {
  const text = readFileSync(join(repository, 'docs', 'how-to', `${page}.md`), 'utf8');
  const found: Record<string, string[]> = {};
  for (const [, language = '', code = ''] of text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)) {
    found[language] = [...(found[language] ?? []), code];
  }
  return found;
}

const fixture = (name: string, folder: string): void => cpSync(app(`programs/${name}`), folder, { recursive: true });

/** The last httpPlatform of the page as a whole web.config. */
function writeWebConfig(folder: string, blocks: Blocks): void {
  const [element = ''] = /<httpPlatform[^>]*(?:\/>|>[\s\S]*<\/httpPlatform>)/.exec(blocks['xml']?.at(-1) ?? '') ?? [];
  writeFileSync(
    join(folder, 'web.config'),
    `<configuration><system.webServer>${element}</system.webServer></configuration>`,
  );
}

const pages: readonly Page[] = [
  {
    name: 'aspnetcore',
    needs: ['dotnet'],
    requests: [
      ['/seen', /"pathBase":""/],
      ['/live/seen', /"pathBase":"\/live"/],
      ['/small/seen', /"pathBase":"\/small"/],
    ],
    fill: async (folder) => void (await copyOf('web', folder)),
  },
  {
    name: 'python',
    needs: ['gunicorn', 'uvicorn'],
    requests: [
      ['/who', /^path \/who\?$/m],
      ['/live/who', /^path \/live\/who\?$/m],
      ['/by-web-config/who', /^path \/by-web-config\/who\?$/m],
    ],
    fill: async (folder, srv) => fixture(srv === '/srv/live' ? 'asgi' : 'wsgi', folder),
  },
  {
    name: 'php',
    needs: ['php'],
    requests: [
      ['/who', /^path \/who$/m],
      ['/by-web-config/who', /^path \/by-web-config\/who$/m],
    ],
    fill: async (folder) => {
      fixture('php', folder);
      fixture('php', join(folder, 'public'));
    },
  },
  {
    name: 'go',
    needs: ['go'],
    requests: [
      ['/page', /^hello 127\.0\.0\.1, you asked for \/page$/m],
      ['/by-web-config/', /^hello 127\.0\.0\.1/],
    ],
    fill: async (folder, _srv, blocks) => {
      writeFileSync(join(folder, 'main.go'), blocks['go']?.[0] ?? '');
      const env = { ...process.env, GOCACHE: join(root, 'go-cache'), GO111MODULE: 'off', GOFLAGS: '' };
      const command = blocks['sh']?.at(-1) ?? '';
      expect(await run('/bin/sh', ['-c', command], { cwd: folder, env, limitMs: 300_000 })).toMatchObject({ code: 0 });
    },
  },
  {
    name: 'node-out-of-process',
    needs: [],
    requests: [['/', /^hello 127\.0\.0\.1$/m]],
    fill: async (folder, _srv, blocks) => {
      writeFileSync(join(folder, 'app.js'), blocks['js']?.at(-1) ?? '');
      mkdirSync(join(folder, 'node_modules', '@sluice'), { recursive: true });
      symlinkSync(join(repository, 'pools', 'integration'), join(folder, 'node_modules', '@sluice', 'integration'));
    },
  },
];

const present = pages.filter((page) => reasonToSkip(page.needs) === null);
let sluice: Sluice;
let root: string;

/** The page's one site under a host name of its own, with its web.config as one more application. */
async function siteOf(page: Page, pools: Settings[]): Promise<Settings> {
  const blocks = blocksOf(page.name);
  const document = parse(blocks['yaml']?.[0] ?? '') as Document;
  const byWebConfig = { path: '/by-web-config', physicalPath: '/srv/by-web-config' };
  const described = [...(document.sites[0]?.applications ?? []), ...(blocks['xml'] === undefined ? [] : [byWebConfig])];
  const applications: Settings[] = [];
  for (const application of described) {
    const physicalPath = join(root, page.name, application.physicalPath);
    mkdirSync(physicalPath, { recursive: true });
    await page.fill(physicalPath, application.physicalPath, blocks);
    if (application === byWebConfig) writeWebConfig(physicalPath, blocks);
    const applicationPool = `${page.name}-${applications.length}`;
    pools.push({ name: applicationPool });
    applications.push({ ...application, applicationPool, physicalPath });
  }
  return { name: page.name, applications };
}

beforeAll(async () => {
  root = tempFolder('pages');
  const applicationPools: Settings[] = [];
  const sites: Settings[] = [];
  for (const page of present) sites.push(await siteOf(page, applicationPools));
  sluice = await startSluice({
    applicationPools,
    sites: (port) =>
      sites.map((site) => ({
        ...site,
        bindings: [{ protocol: 'http', bindingInformation: `*:${port}:${String(site['name'])}.localhost` }],
      })),
  });
}, 400_000);

afterAll(async () => {
  await sluice.stop();
  removeFolder(root);
}, 120_000);

for (const page of pages) {
  testNeeding(...page.needs)(`what docs/how-to/${page.name}.md says works`, async () => {
    for (const [path, answer] of page.requests) {
      const { status, text } = await sluice.call(path, { host: `${page.name}.localhost`, limitMs: 60_000 });
      expect([path, status, text]).toEqual([path, 200, expect.stringMatching(answer)]);
    }
  });
}
