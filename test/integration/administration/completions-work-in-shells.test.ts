import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Shell } from '../../../server/cli/completion-command.js';
import { testNeeding } from '../../support/needs.js';
import { sluiceMain } from '../../support/paths.js';
import { run } from '../../support/program.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { openTerminal } from '../../support/terminal.js';

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

/** Shell -> how it is started with the script in `folder`, and a `sluice` that only tells what it was given. */
const shells: Readonly<
  Record<Shell, { readonly file: string; readonly text: string; readonly command: (folder: string) => string[] }>
> = {
  bash: {
    file: 'rc',
    text: `PS1='at> '\nsluice() { printf 'got=%s,' "$@"; }\nsource ./script\n`,
    command: (folder) => ['bash', '--noprofile', '--rcfile', `${folder}/rc`, '-i'],
  },
  zsh: {
    file: '.zshrc',
    text: `PS1='at> '\nautoload -U compinit; compinit -u -D\nsluice() { printf 'got=%s,' "$@" }\nsource ./script\n`,
    command: () => ['zsh', '-d', '-i'],
  },
  fish: {
    file: 'rc',
    text: `function fish_prompt; printf 'at> '; end\nfunction sluice; printf 'got=%s,' $argv; end\nsource ./script\n`,
    command: (folder) => ['fish', '--no-config', '--private', '-i', '-C', `source ${folder}/rc`],
  },
};

for (const shell of ['bash', 'zsh', 'fish'] as const) {
  testNeeding('python3', ...(shell === 'bash' ? [] : [shell]))(
    `the tabulator completes in ${shell}`,
    async () => {
      const folder = tempFolder('shell');
      const { file, text, command } = shells[shell];
      const script = await run(process.execPath, [sluiceMain, 'completion', shell]);
      writeFileSync(join(folder, 'script'), script.output);
      writeFileSync(join(folder, file), text);
      const env = {
        ...process.env,
        HOME: folder,
        ZDOTDIR: folder,
        TERM: 'xterm',
        HISTFILE: '/dev/null',
        TMPDIR: folder,
      };
      const terminal = openTerminal(['env', '-C', folder, ...command(folder)], { columns: 200, env });
      try {
        await terminal.shows('at> ');
        terminal.type('sluice pool recy\t shop --js\t\r');
        await terminal.shows('got=pool,got=recycle,got=shop,got=--json,');
        terminal.type('exit\r');
        expect(await terminal.ended).toMatchObject({ code: 0 });
      } finally {
        terminal.close();
        removeFolder(folder);
      }
    },
    180_000,
  );
}
