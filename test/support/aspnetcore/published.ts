/**
 * Real ASP.NET Core apps for tests: made by this machine's SDK, published once per state of the sources
 * and kept in .cache/dotnet, where the next test file and the next run find them. Never change a published
 * folder: `copyOf` makes one that may be changed.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { isAlive } from '../processes.js';
import { app, repository } from '../paths.js';
import { run } from '../program.js';
import { removeFolder } from '../temp-folder.js';
import { until } from '../time.js';

interface Source {
  /** `dotnet new` arguments, or null: a project of ours. */
  readonly template: readonly string[] | null;
  readonly project: string;
  /** MSBuild properties as a user gives them to `dotnet publish -p:`. */
  readonly properties: Readonly<Record<string, string>>;
}

type Sources = Readonly<Record<string, Source>>;

const portable = {};
/** `dotnet publish -r linux-x64`: still for the installed runtime. */
const linux = { RuntimeIdentifier: 'linux-x64', SelfContained: 'false' };
const singleFile = { ...linux, PublishSingleFile: 'true' };
const web = { template: ['web'], project: 'Web' };
const webapi = { template: ['webapi', '--no-openapi'], project: 'WebApi' };

const usual = {
  web: { ...web, properties: portable },
  'web-linux': { ...web, properties: linux },
  'web-single': { ...web, properties: singleFile },
  webapi: { ...webapi, properties: portable },
  'webapi-linux': { ...webapi, properties: linux },
  'webapi-single': { ...webapi, properties: singleFile },
  blazor: {
    template: ['blazor', '--interactivity', 'Server'],
    project: 'Blazor',
    // The package with the browser's script is not on every feed; the circuit does without it.
    properties: { RequiresAspNetWebAssets: 'false', CompressionEnabled: 'false' },
  },
  probe: { template: null, project: 'Probe', properties: portable },
  example: { template: null, project: 'aspnetcore', properties: portable },
} as const satisfies Sources;

/** Each carries the runtime, about 100 MB; the SDK fetches it as NuGet packages. */
const selfContained = {
  'web-self-contained': { ...web, properties: { ...linux, SelfContained: 'true' } },
  'web-self-contained-single': { ...web, properties: { ...singleFile, SelfContained: 'true' } },
} as const satisfies Sources;

export type AppName = keyof typeof usual | keyof typeof selfContained;

const ownSources: Readonly<Record<string, string>> = {
  probe: app('dotnet/probe'),
  example: join(repository, 'examples', 'aspnetcore'),
};
const seenFile = app('dotnet/Seen.cs');

/** Published folder of the app. The first call on a machine builds all of its kind (about a minute). */
export async function published(name: AppName): Promise<string> {
  const set = name in selfContained ? selfContained : usual;
  const folder = building.get(set) ?? buildOnce(set);
  building.set(set, folder);
  return join(await folder, name);
}

/** A folder with the published app that the caller may change and removes. */
export async function copyOf(name: AppName, folder: string): Promise<string> {
  cpSync(await published(name), folder, { recursive: true });
  return folder;
}

const building = new Map<Sources, Promise<string>>();

const buildLimitMs = 500_000;

/** One process builds, the others of the same time wait for its result. */
async function buildOnce(set: Sources): Promise<string> {
  const cache = join(repository, '.cache', 'dotnet');
  mkdirSync(cache, { recursive: true });
  // Pools with ids of their own have to enter.
  for (const folder of [join(repository, '.cache'), cache]) chmodSync(folder, 0o755);
  const done = join(cache, await fingerprint(set));
  const lock = `${done}.building`;
  await until(
    'the apps are published, here or by another test',
    async () => {
      if (existsSync(done)) return true;
      if (!takeLock(lock)) return false;
      try {
        if (!existsSync(done)) await build(set, done, `${lock}.work`);
      } finally {
        removeFolder(lock);
      }
      return true;
    },
    { withinMs: buildLimitMs, everyMs: 500 },
  );
  return done;
}

/** A file with the builder's pid; one of a process that has died is taken over. */
function takeLock(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    const owner = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0;
    if (owner > 0 && !isAlive(owner)) removeFolder(lock);
    return false;
  }
}

async function fingerprint(set: Sources): Promise<string> {
  const { output } = await run('dotnet', ['--version']);
  const hash = createHash('sha256').update(output).update(JSON.stringify(set));
  for (const folder of [app('dotnet'), ...Object.values(ownSources)]) {
    for (const file of sourceFiles(folder)) hash.update(file).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /\.(?:cs|csproj)$/.test(name))
    .map((name) => join(folder, name))
    .sort();
}

async function build(set: Sources, done: string, work: string): Promise<void> {
  removeFolder(work);
  const home = join(work, 'home');
  mkdirSync(home, { recursive: true });
  // Scratch files stay with the rest, and no build server stays behind.
  const env = {
    ...process.env,
    HOME: home,
    DOTNET_CLI_HOME: home,
    TMPDIR: home,
    DOTNET_NOLOGO: '1',
    DOTNET_CLI_TELEMETRY_OPTOUT: '1',
    DOTNET_CLI_USE_MSBUILD_SERVER: '0',
  };
  const dotnet: Dotnet = async (...args) => {
    const { code, output } = await run('dotnet', args, { cwd: work, env, limitMs: buildLimitMs });
    if (code !== 0) throw new Error(`dotnet ${args.join(' ')}: ${output.slice(-8_000)}`);
  };
  try {
    for (const [name, source] of Object.entries(set)) await writeSource(name, source, work, dotnet);
    writeFileSync(join(work, 'publish.proj'), publishProject(set));
    await dotnet(
      'msbuild',
      'publish.proj',
      '-m:2',
      '-nodeReuse:false',
      '-nologo',
      '-verbosity:quiet',
      '-p:UseSharedCompilation=false',
    );
    renameSync(join(work, 'published'), done);
  } finally {
    removeFolder(work);
  }
}

type Dotnet = (...args: string[]) => Promise<void>;

async function writeSource(name: string, { template, project }: Source, work: string, dotnet: Dotnet): Promise<void> {
  const folder = join(work, name);
  const own = ownSources[name];
  if (own !== undefined) {
    mkdirSync(folder);
    for (const file of sourceFiles(own)) cpSync(file, join(folder, basename(file)));
    if (name === 'example') return;
  } else {
    const made = join(work, 'made', project);
    if (!existsSync(made)) await dotnet('new', ...(template ?? []), '-n', project, '-o', made, '--no-restore');
    cpSync(made, folder, { recursive: true });
    const program = join(folder, 'Program.cs');
    const text = readFileSync(program, 'utf8');
    writeFileSync(program, text.replace(/^app\.Run\(\);/m, 'app.UseSeen();\n\napp.Run();'));
  }
  cpSync(seenFile, join(folder, 'Seen.cs'));
}

/** All apps in one MSBuild process: started once, and warm after the first app. */
function publishProject(set: Sources): string {
  const items = Object.entries(set).map(([name, { project, properties: own }]) => {
    const properties = Object.entries({
      Configuration: 'Release',
      PublishDir: `$(MSBuildThisFileDirectory)published/${name}/`,
      ...own,
    });
    const value = properties.map(([key, text]) => `${key}=${text}`).join(';');
    return `    <App Include="${name}/${project}.csproj" AdditionalProperties="${value}" />`;
  });
  return `<Project DefaultTargets="All">
  <ItemGroup>
${items.join('\n')}
  </ItemGroup>
  <Target Name="All">
    <!-- Another property, so that the second task reads what the first one restored. -->
    <MSBuild Projects="@(App)" Targets="Restore" Properties="MSBuildRestoreSessionId=first" BuildInParallel="true" />
    <MSBuild Projects="@(App)" Targets="Publish" Properties="_IsPublishing=true" BuildInParallel="true" />
  </Target>
</Project>
`;
}
