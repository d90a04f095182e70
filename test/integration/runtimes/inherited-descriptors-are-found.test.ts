import { expect, test } from '@jest/globals';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../support/program.js';

const spawnModule = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'pools', 'runtimes', 'spawn.js');
const listing = `import(${JSON.stringify(spawnModule)}).then((m) => console.log(JSON.stringify(m.inheritableDescriptors())))`;

async function reportedWith(redirection: string): Promise<number[]> {
  const shell = `exec ${redirection}; exec "${process.execPath}" --input-type=module -e '${listing}'`;
  return JSON.parse((await run('/bin/bash', ['-c', shell])).output) as number[];
}

test('a descriptor that the caller left open far up is found, and Node’s own are not', async () => {
  // Node marks the first descriptors itself when it starts; 88 is beyond those it looks at.
  const before = await reportedWith('88<&-');
  const after = await reportedWith('88</dev/null');
  expect(after.filter((fd) => !before.includes(fd))).toEqual([88]);
});
