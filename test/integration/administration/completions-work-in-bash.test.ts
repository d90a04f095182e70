import { expect, test } from '@jest/globals';
import { sluiceMain } from '../../support/paths.js';
import { run } from '../../support/program.js';

/** What bash offers behind each of the lines; the last word is the one being typed. */
async function offered(lines: readonly (readonly string[])[]): Promise<string[]> {
  const ask = lines.map(
    (words) => `COMP_WORDS=(sluice ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
      COMPREPLY=(); _sluice; echo "\${COMPREPLY[*]}"`,
  );
  const script = `source <('${process.execPath}' '${sluiceMain}' completion bash)\n${ask.join('\n')}`;
  const { code, output } = await run('bash', ['--norc', '-eu', '-c', script]);
  expect({ code, output }).toMatchObject({ code: 0 });
  return output.trimEnd().split('\n');
}

test('verbs, their options and the words of options are offered', async () => {
  const lines = [
    ['po'],
    ['pool', 're'],
    ['pool', 'recycle', '--j'],
    ['worker', 'dump', '3', '--kind', ''],
    ['completion', 'z'],
    ['pool', '--admin', '/a.sock', 'sh'],
  ];
  expect(await offered(lines)).toEqual(['pool', 'recycle', '--json', 'report heap', 'zsh', 'show']);
});

test('the scripts of zsh and fish name every verb', async () => {
  for (const shell of ['zsh', 'fish']) {
    const { code, output } = await run(process.execPath, [sluiceMain, 'completion', shell]);
    expect(code).toBe(0);
    for (const verb of ['recycle', 'healthcheck', 'doctor', 'requests']) expect(output).toContain(verb);
  }
});
