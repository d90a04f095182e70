import { repository } from '../../support/paths.js';
import { run as runProgram } from '../../support/program.js';
import { type Experiment, violations } from '../experiment.js';

export const npmTest: Experiment = {
  name: 'npm-test',
  promise: '`npm test` passes and leaves no process and no temp folder behind',
  run: async () => {
    const { code, output } = await runProgram('npm', ['test'], { cwd: repository, limitMs: 1_800_000 });
    const last = output.trimEnd().split('\n').at(-1) ?? '';
    const clean = !/left behind/.test(output);
    return { measured: last, broken: violations({ [last]: code === 0, 'nothing is left behind': clean }), missed: [] };
  },
};
