/**
 * The configuration's file is cut, replaced and overwritten while it is read, and the disk of our own copy fails:
 * what is not a whole configuration never serves, and the last good copy is never lost.
 */
import { closeSync, ftruncateSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { configQuietMs } from '../../../../config/base/limits.js';
import { loadConfig } from '../../../../config/compile/compile.js';
import { readLastGood } from '../../../../config/change/last-good.js';
import { Random } from '../../../support/random.js';
import { type Sluice, withSluice } from '../../../support/sluice.js';
import { app } from '../../../support/paths.js';
import { monotonicMs, pause, until } from '../../../support/time.js';
import { type Experiment, type Outcome, type Row, scaled, violations } from '../../experiment.js';
import { brokenDisks } from './broken-disks.js';

const options = {
  applicationPools: [{ name: 'a' }],
  applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain') }],
};

/** Comments make it long enough to be read in many pieces. */
const padding = `${'# a comment that fills the file\n'.repeat(8_000)}`;

/** Two places that always say the same: a file that mixes two editions says two things. */
function document(sluice: Sluice, edition: number): string {
  const { pools, sites, rest } = parts(sluice);
  return `${rest}applicationPools: [{name: a, environmentVariables: [{name: EDITION, value: "${edition}"}]}${pools}]\n${padding}sites: [{name: "edition${edition}", ${sites}]\n`;
}

function parts(sluice: Sluice) {
  const known = JSON.parse(readFileSync(join(sluice.folder, 'first.json'), 'utf8')) as Record<string, unknown>;
  const { sites, applicationPools: _, ...rest } = known;
  const [site] = sites as { bindings: unknown; applications: unknown }[];
  const { bindings, applications } = site ?? { bindings: [], applications: [] };
  const top = Object.entries(rest).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`);
  return {
    rest: top.join(''),
    pools: '',
    sites: `bindings: ${JSON.stringify(bindings)}, applications: ${JSON.stringify(applications)}}`,
  };
}

/** Offline: whether each beginning of the file is taken for a configuration. */
async function cutOffline(text: string, file: string, every: number): Promise<{ cuts: number; taken: number[] }> {
  const taken: number[] = [];
  let cuts = 0;
  for (let length = 0; length < text.length; length += every) {
    writeFileSync(file, text.slice(0, length));
    const { config } = await loadConfig(file, { environment: {} });
    cuts += 1;
    // One without any site is refused by a server that has some.
    if (config !== null && config.sites.length > 0) taken.push(length);
  }
  return { cuts, taken };
}

/** Live: the server is told to read each beginning; it must refuse it and serve on. */
async function cutLive(sluice: Sluice, text: string, cuts: number, random: Random): Promise<string[]> {
  const wrong: string[] = [];
  for (let cut = 0; cut < cuts; cut++) {
    const length = cut === 0 ? 0 : random.below(text.trimEnd().length);
    const refused = refusals(sluice);
    const serves = await version(sluice);
    writeFileSync(sluice.file, text.slice(0, length));
    sluice.program.child.kill('SIGHUP');
    await until(`a file of ${length} bytes is refused`, () => refusals(sluice) > refused, { withinMs: 30_000 });
    const answer = await sluice.call('/');
    if (answer.text !== 'plain\n' || (await version(sluice)) !== serves) wrong.push(`after ${length} bytes`);
  }
  return wrong;
}

function refusals(sluice: Sluice): number {
  return (sluice.output().match(/configuration-refused|"?refused"?[=:] ?true/g) ?? []).length;
}

async function version(sluice: Sluice): Promise<string> {
  return /sluice_config_info\{[^}]*\}/.exec(await sluice.metrics())?.[0] ?? '';
}

/** In place, in pieces, with other things happening in between. @returns the longest pause between two pieces, ms. */
async function overwrite(file: string, text: string): Promise<number> {
  const fd = openSync(file, 'r+');
  const bytes = Buffer.from(text);
  let longestMs = 0;
  for (let at = 0; at < bytes.length; at += 16_384) {
    const pausedAtMs = monotonicMs();
    await pause(0);
    writeSync(fd, bytes, at, Math.min(16_384, bytes.length - at), at);
    longestMs = Math.max(longestMs, monotonicMs() - pausedAtMs);
  }
  ftruncateSync(fd, bytes.length);
  closeSync(fd);
  return longestMs;
}

/** Every configuration that was ever applied is one that somebody wrote, whole. */
async function replacedWhileRead(sluice: Sluice, seconds: number): Promise<Row> {
  const legal = new Set<string>();
  const editions = Array.from({ length: 8 }, (_, index) => document(sluice, index + 11));
  const probe = sluice.file;
  const random = new Random(31);
  for (const text of editions) {
    writeFileSync(probe, text);
    const { config } = await loadConfig(probe, { environment: process.env });
    legal.add(config?.version.slice(0, 16) ?? 'none');
  }
  const end = monotonicMs() + seconds * 1_000;
  let writes = 0;
  let longestMs = 0;
  for (; monotonicMs() < end; writes++) {
    await pause(random.below(400));
    const text = editions[writes % editions.length] ?? '';
    if (writes % 3 === 0) {
      writeFileSync(`${probe}.next`, text);
      renameSync(`${probe}.next`, probe);
      sluice.program.child.kill('SIGHUP');
    } else {
      const reading = pause(5).then(() => sluice.program.child.kill('SIGHUP'));
      longestMs = Math.max(longestMs, await overwrite(probe, text));
      await reading;
    }
  }
  const last = editions[(writes - 1) % editions.length] ?? '';
  writeFileSync(`${probe}.next`, last);
  renameSync(`${probe}.next`, probe);
  const wanted = (await loadConfig(probe, { environment: process.env })).config?.version.slice(0, 16) ?? '';
  await until('the last one serves', () => applied(sluice).at(-1) === wanted, {
    state: () => applied(sluice).slice(-3).join(),
  });
  const strange = applied(sluice).filter((one) => !legal.has(one));
  return {
    name: 'replaced and overwritten while it is read',
    measured: `${writes} writes, ${applied(sluice).length} applied, ${refusals(sluice)} refused, ${strange.length} that nobody wrote; longest pause of the writer ${Math.round(longestMs)} ms; the last one serves`,
    broken: violations({
      // A writer that pauses longer cannot be told from one that has ended.
      [`applied, and nobody wrote it: ${strange.join(', ')}`]: strange.length === 0 || longestMs > configQuietMs,
    }),
  };
}

function applied(sluice: Sluice): string[] {
  return [...sluice.output().matchAll(/configuration-applied.*?version[=:" ]+([0-9a-f]{16})/g)].map(
    (match) => match[1] ?? '',
  );
}

/** As people write it. Cut within its last values it says something else, and nobody can tell. */
function blockYaml(folder: string): string {
  return `runDir: ${folder}/run
listeners: 2
applicationPools:
  - name: a
    processModel: { maxProcesses: 2 }
sites:
  - name: main
    bindings:
      - { protocol: http, bindingInformation: "*:8080:" }
    applications:
      - path: /
        applicationPool: a
        physicalPath: ${app('plain')}
`;
}

async function cutRow(sluice: Sluice, scale: number): Promise<Row> {
  const json = readFileSync(sluice.file, 'utf8');
  const scratch = join(sluice.folder, 'cut.yaml');
  const yaml = blockYaml(sluice.folder);
  const inYaml = await cutOffline(yaml, scratch, scale < 1 ? 16 : 1);
  const inJson = await cutOffline(json.trimEnd(), scratch, scale < 1 ? 16 : 1);
  const wrong = await cutLive(sluice, json, scaled(100, scale, 5), new Random(30));
  writeFileSync(sluice.file, json);
  const kept = await readLastGood(join(sluice.folder, 'state'), sluice.file);
  return {
    name: 'cut at every byte',
    measured: `${inJson.cuts} beginnings of a JSON file: ${inJson.taken.length} taken; ${inYaml.cuts} of a YAML file: ${inYaml.taken.length} with a site are configurations of their own; a running server refused all that it was told to read`,
    broken: violations({
      [`beginnings of JSON were taken: ${inJson.taken.join(', ')}`]: inJson.taken.length === 0,
      [`it served something else: ${wrong.join('; ')}`]: wrong.length === 0,
      'the last good copy is kept': kept !== null,
    }),
  };
}

async function run(scale: number): Promise<Outcome> {
  const rows: Row[] = [];
  await withSluice(options, async (sluice) => {
    writeFileSync(join(sluice.folder, 'first.json'), readFileSync(sluice.file));
    rows.push(await cutRow(sluice, scale));
    rows.push(await replacedWhileRead(sluice, scaled(40, scale, 3)));
  });
  rows.push(...(await brokenDisks(scale)));
  return {
    measured: rows.map(({ name, measured }) => `${name}: ${measured}`).join('; '),
    broken: rows.flatMap(({ name, broken }) => broken.map((one) => `${name}: ${one}`)),
    missed: [],
    rows,
  };
}

export const configFiles: Experiment = {
  name: 'config-files',
  promise:
    'the configuration is cut at every byte, replaced while it is read, and our copy meets EIO, a full disk and a power cut: what is not whole never serves, the last good copy is never lost',
  run,
};
