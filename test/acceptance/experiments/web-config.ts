/** The golden set of web.config files: what becomes of each is exactly what its file says. */
import { golden, goldenFolder, goldenNames } from '../../support/golden.js';
import { type Experiment, type Outcome, violations } from '../experiment.js';

const filesMin = 40;

async function run(): Promise<Outcome> {
  const folder = goldenFolder('web-config');
  const kinds = new Map<string, number>();
  const broken: string[] = [];
  let refused = 0;
  for (const name of goldenNames(folder)) {
    const { found, expected } = await golden(folder, name);
    if (found !== expected) broken.push(`${name} differs`);
    if (/ answers 50\d/.test(found)) refused += 1;
    const kind = name.split('-')[0] ?? '';
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const count = [...kinds.values()].reduce((sum, one) => sum + one, 0);
  const by = [...kinds].map(([kind, files]) => `${files} ${kind}`).join(', ');
  broken.push(...violations({ [`at least ${filesMin} files`]: count >= filesMin }));
  const differ = broken.filter((one) => one.endsWith('differs')).length;
  const measured = `${count} files (${by}): ${count - refused} configured, ${refused} with an exact error, ${differ} differ`;
  return { measured, broken, missed: [] };
}

export const webConfig: Experiment = {
  name: 'web-config',
  promise: 'at least 40 web.config files, each with the resulting configuration or the exact error, line and column',
  run,
};
