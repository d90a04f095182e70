/** The state folder cannot be written: what serves goes on, and who orders something that needs it is told why. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'node:http';
import { run as runProgram } from '../../../support/program.js';
import { type Sluice, withSluice } from '../../../support/sluice.js';
import { removeFolder, tempFolder } from '../../../support/temp-folder.js';
import { pause, until } from '../../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';
import { quietLoad, windowOf } from './quiet-tenant.js';
import { attackedHost, quietHost, twoTenants } from './two-tenants.js';

interface OperationView {
  readonly id: number;
  readonly state: string;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** Over the admin socket. */
function ask(sluice: Sluice, method: string, path: string): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: sluice.adminSocket, method, path }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => (text += chunk));
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) as unknown }));
    });
    asked.once('error', reject);
    asked.end();
  });
}

/** How an order ended. */
async function ordered(sluice: Sluice, path: string): Promise<string> {
  const begun = await ask(sluice, 'POST', path);
  if (begun.status !== 202) return `${begun.status}`;
  const { id } = begun.body as OperationView;
  const view = async (): Promise<OperationView> =>
    (await ask(sluice, 'GET', `/api/v1/operations/${id}`)).body as OperationView;
  await until(`${path} ends`, async () => (await view()).state !== 'running');
  const { state, error } = await view();
  return error === null ? state : `${state}: ${error.message}`;
}

function change(sluice: Sluice, number: number): void {
  const document = JSON.parse(readFileSync(sluice.file, 'utf8')) as { sites: { name: string; bindings: object[] }[] };
  const [site] = document.sites;
  site?.bindings.push({ protocol: 'http', bindingInformation: `*:${sluice.port}:change${number}.test` });
  writeFileSync(sluice.file, JSON.stringify(document));
}

async function under(sluice: Sluice, name: string, number: number, seconds: number): Promise<Outcome> {
  const load = quietLoad(sluice, 200);
  await pause((seconds * 1_000) / 2);
  const [worker] = (await sluice.pool('attacked')).workers;
  const dump = await ordered(sluice, `/api/v1/workers/${worker?.workerId ?? 0}/dump?kind=report`);
  const recycle = await ordered(sluice, '/api/v1/pools/attacked/recycle');
  change(sluice, number);
  await until('a change of the configuration acts', async () => {
    return (await sluice.call('/', { host: `change${number}.test` })).status === 200;
  });
  await pause((seconds * 1_000) / 2);
  const { failed, words } = windowOf(await load.stop());
  return {
    measured: `${name}: dump ${dump}, recycle ${recycle}, a changed configuration acts, ${failed} requests lost`,
    broken: violations({
      [`${name}: ${words}`]: failed === 0,
      [`${name}: a dump ends with "${dump}"`]: /^failed: .*(EROFS|ENOSPC|space|read-only)/i.test(dump),
    }),
    missed: [],
  };
}

async function run(seconds: number): Promise<Outcome> {
  const folder = tempFolder('state');
  const state = join(folder, 'state');
  mkdirSync(state);
  const outcomes: Outcome[] = [];
  const mount = (...args: string[]): Promise<{ readonly code: number | null }> => runProgram('mount', args);
  try {
    if ((await mount('-t', 'tmpfs', '-o', 'size=2m,mode=0711', 'tmpfs', state)).code !== 0) {
      return { measured: 'no tmpfs can be mounted here', broken: [], missed: ['not measured'] };
    }
    await withSluice(twoTenants({ stateDir: state }), async (sluice) => {
      for (const host of [attackedHost, quietHost]) await sluice.call('/', { host });
      await mount('-o', 'remount,ro', state);
      outcomes.push(await under(sluice, 'read-only', 1, seconds));
      await mount('-o', 'remount,rw', state);
      const ballast = join(state, 'ballast');
      await runProgram('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4k']);
      outcomes.push(await under(sluice, 'full', 2, seconds));
      rmSync(ballast);
    });
  } finally {
    await runProgram('umount', [state]);
    removeFolder(folder);
  }
  return {
    measured: outcomes.map(({ measured }) => measured).join('; '),
    broken: outcomes.flatMap(({ broken }) => broken),
    missed: outcomes.flatMap(({ missed }) => missed),
  };
}

export const stateFaults: Experiment = {
  name: 'state-faults',
  promise:
    'the state folder is read-only or full: 0 requests lost, orders that need it fail with the reason, changes still act',
  run: (scale) => run(scaled(30, scale, 2)),
};
