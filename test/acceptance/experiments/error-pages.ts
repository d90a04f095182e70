import { createServer } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../../support/free-port.js';
import { reasonToSkip } from '../../support/missing.js';
import { type Sluice, withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { appFolder, goodApp, type LogRecord, recordsOnceThere } from '../../integration/starts/app-folder.js';
import { type Case, inProcessCases, outOfProcessCases, portRefused } from '../../integration/starts/failing-apps.js';
import { type Experiment, type Outcome, violations } from '../experiment.js';

/** What a developer's page says as JSON. */
interface Page {
  readonly status: number;
  readonly subStatus: number;
  readonly code: string;
  readonly detail: string;
  readonly remedy: string;
  readonly output: readonly string[];
  readonly journey: readonly { readonly step: string; readonly durationMs: number; readonly outcome: string }[];
}

interface Told {
  readonly line: string;
  readonly facts: Readonly<Record<string, boolean>>;
}

/** Every kind of failure twice: once for developers, once, from the same folder, for visitors. */
async function tellOne(sluice: Sluice, root: string, one: Case): Promise<Told> {
  const { name, status, code } = one;
  one.spoil?.(join(root, name));
  const answer = await sluice.call(`/${name}/`, { headers: { accept: 'application/json' } });
  const page = JSON.parse(answer.text) as Page;
  const [record] = await recordsOnceThere(sluice, 'start-failed', `main/${name}`, 1);
  const view = (await sluice.pool(name)).applications[0]?.failure;
  const visitor = await sluice.call(`/visit-${name}/`, { headers: { accept: 'text/html' } });
  const words = [root, name, code, page.detail, ...page.output.filter((line) => line.trim().length > 3)];
  const leaks = words.filter((word) => visitor.text.includes(word));
  const failedStep = page.journey.find(({ outcome }) => outcome === 'failed');
  return {
    line: `${name}: ${status.join('.')} ${page.code}, ${failedStep?.step ?? 'no step'} failed after ${failedStep?.durationMs ?? 0} ms`,
    facts: {
      [`${name} is ${status.join('.')} ${code}`]:
        `${page.status}.${page.subStatus} ${page.code}` === `${status.join('.')} ${code}`,
      [`${name}: page, log and view give the same cause and remedy`]: isTheSame(page, record, view),
      [`${name}: cause and remedy fit`]: one.cause.test(page.detail) && one.remedy.test(page.remedy),
      [`${name}: the last output is shown`]: page.output.join('\n').includes(one.output ?? ''),
      [`${name}: visitors read the status alone (${leaks.join(', ')})`]:
        visitor.status === status[0] && visitor.text.includes(status.join('.')) && leaks.length === 0,
    },
  };
}

type View = NonNullable<Awaited<ReturnType<Sluice['pool']>>['applications'][number]['failure']>;

function isTheSame(page: Page, record: LogRecord | undefined, view: View | null | undefined): boolean {
  const said = [page.code, page.detail, page.remedy].join('\n');
  return (
    said === [record?.['code'], record?.['cause'], record?.['remedy']].join('\n') &&
    said === [view?.code, view?.cause, view?.remedy].join('\n')
  );
}

async function run(): Promise<Outcome> {
  const root = tempFolder('app');
  const port = await freePort();
  const taken = createServer();
  await new Promise<void>((done) => void taken.listen(port, '127.0.0.1', done));
  const all = [...inProcessCases, ...outOfProcessCases, portRefused({ port, release: () => undefined })];
  const cases = all.filter(({ needs }) => reasonToSkip(needs === undefined ? [] : [needs]) === null);
  for (const one of cases) one.prepare?.(appFolder(root, one.name, one.source));
  for (const one of cases) appFolder(root, one.name, one.source);
  appFolder(root, 'neighbour', goodApp);
  const told: Told[] = [];
  try {
    await withSluice(
      {
        applicationPools: [
          { name: 'neighbour' },
          ...cases.flatMap(({ name, pool }) => [
            { name, environmentVariables: { NODE_ENV: 'development' }, ...pool?.(root) },
            { name: `visit-${name}`, ...pool?.(root) },
          ]),
        ],
        applications: [
          { path: '/', applicationPool: 'neighbour', physicalPath: join(root, 'neighbour') },
          ...cases.flatMap(({ name, settings }) =>
            [name, `visit-${name}`].map((pool) => ({
              path: `/${pool}`,
              applicationPool: pool,
              physicalPath: join(root, name),
              ...settings,
            })),
          ),
        ],
      },
      async (sluice) => {
        for (const one of cases) told.push(await tellOne(sluice, root, one));
      },
    );
  } finally {
    taken.close();
    removeFolder(root);
  }
  const skipped = all.length - cases.length;
  const alike = told.filter(({ facts }) => violations(facts).length === 0).length;
  return {
    measured:
      `${alike} of ${cases.length} failures told alike by log, API and page, and not to visitors` +
      `${skipped > 0 ? ` (${skipped} not possible on this machine)` : ''}: ${told.map(({ line }) => line).join('; ')}`,
    broken: told.flatMap(({ facts }) => violations(facts)),
    missed: [],
  };
}

export const errorPages: Experiment = {
  name: 'error-pages',
  promise:
    'a start that fails is told in one place with status, cause, journey, last output and remedy; visitors read the status alone',
  run,
};
