import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { call } from '../../support/http-client.js';
import { repository } from '../../support/paths.js';
import { isAlive } from '../../support/processes.js';
import { run as runProgram } from '../../support/program.js';
import { type Sluice, withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until, within } from '../../support/time.js';
import { type Experiment, type Outcome, violations } from '../experiment.js';

/** `dotnet new web` with the example's Program.cs, published as users do; the folder of the published app. */
export async function publishWebApp(folder: string): Promise<string> {
  const home = join(folder, 'home');
  mkdirSync(home);
  const env = {
    ...process.env,
    HOME: home,
    DOTNET_CLI_HOME: home,
    // Its scratch files stay with the rest.
    TMPDIR: folder,
    DOTNET_NOLOGO: '1',
    DOTNET_CLI_TELEMETRY_OPTOUT: '1',
  };
  const quiet = ['-nodeReuse:false', '-p:UseSharedCompilation=false'];
  const dotnet = async (...args: string[]): Promise<void> => {
    const { code, output } = await runProgram('dotnet', args, { cwd: folder, env, limitMs: 180_000 });
    if (code !== 0) throw new Error(`dotnet ${args.join(' ')}: ${output}`);
  };
  await dotnet('new', 'web', '-n', 'Web', '-o', 'Web', '--no-restore');
  copyFileSync(join(repository, 'examples', 'aspnetcore', 'Program.cs'), join(folder, 'Web', 'Program.cs'));
  await dotnet('publish', 'Web', '-c', 'Release', '-o', 'publish', ...quiet);
  return join(folder, 'publish');
}

async function identity(sluice: Sluice, base: string): Promise<string[]> {
  const seen = JSON.parse((await sluice.call(`${base}/`, { host: 'app.test:8443' })).text) as Record<string, unknown>;
  return violations({
    [`scheme at ${base}: ${String(seen['scheme'])}`]: seen['scheme'] === 'http',
    [`host at ${base}: ${String(seen['host'])}`]: seen['host'] === 'app.test:8443',
    [`PathBase at ${base}: ${String(seen['pathBase'])}`]: seen['pathBase'] === base,
    [`path at ${base}: ${String(seen['path'])}`]: seen['path'] === '/',
    [`remote address at ${base}: ${String(seen['remote'])}`]: seen['remote'] === '127.0.0.1',
  });
}

async function webSocketEchoes(port: number, base: string): Promise<boolean> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${base}/ws`);
  const echoed = new Promise<string>((resolve, reject) => {
    socket.once('message', (data: Buffer) => resolve(data.toString()));
    socket.once('error', reject);
    socket.once('open', () => socket.send('hello kestrel'));
  });
  const text = await within(30_000, 'the WebSocket echo', echoed);
  socket.close();
  return text === 'hello kestrel';
}

function environmentOf(pid: number): Map<string, string> {
  const lines = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** Straight to the app's own port, past Sluice: who does not know the token is refused. */
async function tokenGuards(pid: number): Promise<string[]> {
  const environment = environmentOf(pid);
  const port = Number(environment.get('ASPNETCORE_PORT'));
  const token = environment.get('ASPNETCORE_TOKEN') ?? '';
  const status = async (headers: Record<string, string>): Promise<number> =>
    (await call(port, '/', { headers })).status;
  return violations({
    'no token: 400': (await status({})) === 400,
    'a wrong token: 400': (await status({ 'MS-ASPNETCORE-TOKEN': 'wrong' })) === 400,
    'the right token passes': (await status({ 'MS-ASPNETCORE-TOKEN': token })) === 200,
  });
}

async function stopsPolitely(sluice: Sluice, pid: number, pool: string): Promise<string[]> {
  const environment = environmentOf(pid);
  const answer = await call(Number(environment.get('ASPNETCORE_PORT')), '/iisintegration', {
    method: 'POST',
    headers: { 'MS-ASPNETCORE-TOKEN': environment.get('ASPNETCORE_TOKEN') ?? '', 'MS-ASPNETCORE-EVENT': 'shutdown' },
  });
  await until('the app ends by itself', () => !isAlive(pid));
  const obituary = await until('its obituary', async () =>
    (await sluice.pool(pool)).obituaries.find((one) => one.pid === pid),
  );
  return violations({
    [`shutdown answers 202, not ${answer.status}`]: answer.status === 202,
    [`exit code 0, not ${obituary.code} ${obituary.signal}`]: obituary.code === 0,
    'clients cannot stop it':
      (await sluice.call('/iisintegration', { method: 'POST', headers: { 'MS-ASPNETCORE-EVENT': 'shutdown' } }))
        .status !== 202,
  });
}

async function run(): Promise<Outcome> {
  const folder = tempFolder('dotnet');
  const broken: string[] = [];
  try {
    const physicalPath = await publishWebApp(folder);
    broken.push(...violations({ 'publish writes a web.config': existsSync(join(physicalPath, 'web.config')) }));
    await withSluice(
      {
        applicationPools: [{ name: 'root' }, { name: 'sub' }],
        applications: [
          { path: '/', applicationPool: 'root', physicalPath },
          { path: '/sub', applicationPool: 'sub', physicalPath },
        ],
      },
      async (sluice) => {
        broken.push(...(await identity(sluice, '')), ...(await identity(sluice, '/sub')));
        for (const base of ['', '/sub']) {
          broken.push(...violations({ [`WebSocket at ${base}/ws`]: await webSocketEchoes(sluice.port, base) }));
        }
        const body = 'z'.repeat(1_000_000);
        const echoed = await sluice.call('/sub/echo', { method: 'POST', body });
        broken.push(...violations({ 'a megabyte comes back': echoed.text === body }));
        const [pid] = await sluice.workerPids('sub');
        broken.push(...(await tokenGuards(pid ?? -1)), ...(await stopsPolitely(sluice, pid ?? -1, 'sub')));
        broken.push(...violations({ 'and is started again': (await sluice.call('/sub/')).status === 200 }));
      },
    );
  } finally {
    removeFolder(folder);
  }
  const measured =
    'scheme, host, PathBase, path, remote address, WebSocket, upload at / and /sub; token 400; shutdown 202, exit 0';
  return { measured, broken, missed: [] };
}

export const dotnet: Experiment = {
  name: 'dotnet',
  promise: 'a real `dotnet new web` app, published and run from its generated web.config, at / and at /sub',
  run,
};
