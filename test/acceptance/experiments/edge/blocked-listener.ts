/** Traffic and configurations that keep a listener busy: what they cost the next request of somebody else. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type Sluice, withSluice } from '../../../support/sluice.js';
import { pause } from '../../../support/time.js';
import { type Experiment, type Outcome, scaled, violations } from '../../experiment.js';
import { type AttackKind, beginAttack } from './attackers.js';
import { quietLoad, windowOf } from './quiet-tenant.js';
import { attackedHost, attackedLimits, quietHost, twoTenants } from './two-tenants.js';

const p99MaxMs = 50;
/** About 1 MB of routes. */
const pushedSites = 1_200;

/** Every push changes every one of the sites. */
function push(sluice: Sluice, number: number): void {
  const document = JSON.parse(readFileSync(sluice.file, 'utf8')) as Record<string, unknown> & {
    sites: Record<string, unknown>[];
  };
  const [first] = document.sites;
  const own = document.sites.filter((site) => !String(site['name']).startsWith('pushed'));
  const pushed = Array.from({ length: pushedSites }, (_, index) => ({
    ...first,
    name: `pushed${index}`,
    bindings: [
      { protocol: 'http', bindingInformation: `*:${sluice.port}:push${number}-${index}.${'x'.repeat(60)}.test` },
    ],
    applications: [{ path: '/', applicationPool: 'pushed', physicalPath: '/nowhere' }],
  }));
  const next = `${sluice.file}.next`;
  writeFileSync(next, JSON.stringify({ ...document, sites: [...own, ...pushed] }));
  renameSync(next, sluice.file);
}

async function measured(sluice: Sluice, name: string, seconds: number, during: () => Promise<void>): Promise<Outcome> {
  const load = quietLoad(sluice, 300);
  await during();
  await pause(0);
  const { p99Ms, failed, words } = windowOf(await load.stop());
  return {
    measured: `${name}: p99 ${p99Ms.toFixed(1)} ms`,
    broken: violations({ [`${name}, ${seconds} s: ${words}`]: failed === 0 }),
    missed: violations({ [`${name}: p99 ${p99Ms.toFixed(1)} ms, over ${p99MaxMs}`]: p99Ms <= p99MaxMs }),
  };
}

async function run(seconds: number): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  const options = twoTenants({}, attackedLimits);
  const pools = [...(options.applicationPools ?? []), { name: 'pushed' }];
  await withSluice({ ...options, applicationPools: pools }, async (sluice) => {
    for (const host of [attackedHost, quietHost]) await sluice.call('/', { host });
    const under = async (kind: AttackKind): Promise<void> => {
      const end = beginAttack(sluice, kind, 4);
      await pause(seconds * 1_000);
      await end();
    };
    outcomes.push(await measured(sluice, 'nothing', seconds, () => pause(seconds * 1_000)));
    for (const kind of ['giant-headers', 'one-byte-chunks', 'bad-requests'] as const) {
      outcomes.push(await measured(sluice, kind, seconds, () => under(kind)));
    }
    outcomes.push(
      await measured(sluice, `${pushedSites} sites changed at once, every 2 s`, seconds, async () => {
        for (let number = 0; number * 2 < seconds; number++) {
          push(sluice, number);
          await pause(2_000);
        }
      }),
    );
  });
  return {
    measured: outcomes.map((one) => one.measured).join('; '),
    broken: outcomes.flatMap(({ broken }) => broken),
    missed: outcomes.flatMap(({ missed }) => missed),
  };
}

export const blockedListener: Experiment = {
  name: 'blocked-listener',
  promise: 'giant heads, a million chunks, bad requests or 1 MB of new routes: another tenant’s p99 stays under 50 ms',
  run: (scale) => run(scaled(30, scale, 2)),
};
