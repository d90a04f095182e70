import { afterAll, beforeAll, expect } from '@jest/globals';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testNeeding } from '../../support/needs.js';
import { repository } from '../../support/paths.js';
import { run } from '../../support/program.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

/** What a reader types, what runs in the first terminal meanwhile, and what has to be seen. */
type Step =
  | { readonly kind: 'type'; readonly code: string }
  | { readonly kind: 'serve'; readonly code: string }
  | { readonly kind: 'see'; readonly code: string };

const page = readFileSync(join(repository, 'docs', 'tutorial', 'three-applications.md'), 'utf8');
const steps: readonly Step[] = [...page.matchAll(/^```(sh server|sh|text)\n([\s\S]*?)^```$/gm)].map(
  ([, language, code = '']) => ({ kind: language === 'text' ? 'see' : language === 'sh' ? 'type' : 'serve', code }),
);

let folder: string;
beforeAll(() => {
  folder = tempFolder('tour');
});
afterAll(() => removeFolder(folder));

/** As one script: a server runs until the next one or the end, when it gets the Ctrl-C of the page. */
function scriptOf(some: readonly Step[]): string {
  // npx says 130 after a Ctrl-C; the group is gone when the server has finished what ran.
  const gone = 'while kill -0 -- "-$server" 2> /dev/null; do sleep 0.1; done';
  const stop = `if [ -n "$server" ]; then kill -INT -- "-$server"; wait "$server" || [ $? = 130 ]; ${gone}; fi`;
  const lines = some.map(({ kind, code }, index) => {
    if (kind === 'see') return '';
    const marked = `echo "== step ${index}"\n${code}`;
    if (kind === 'type') return marked;
    const isReady = 'curl --silent --fail --output /dev/null http://localhost:9900/readyz';
    return `${stop}\nsetsid ${code.trim()} > server.log 2>&1 &\nserver=$!\nuntil ${isReady}; do kill -0 "$server" || cat server.log; sleep 0.1; done`;
  });
  return ['set -euo pipefail', 'server=""', ...lines, stop, ''].join('\n');
}

/** What step `index` printed. */
function printed(output: string, index: number): string {
  return output.split(`== step ${index}\n`)[1]?.split('== step ')[0] ?? '';
}

const wild = (line: string): RegExp =>
  new RegExp(line.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/\b\d{4,}\b/g, '\\d+'));

testNeeding('root', 'python3')(
  'every command of docs/tutorial/three-applications.md works, from the tarball in an empty folder',
  async () => {
    const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
    expect(await run('npm', pack, { cwd: repository, limitMs: 120_000 })).toMatchObject({ code: 0 });
    const [tarball = ''] = readdirSync(folder);
    const [install, ...rest] = steps;
    const code = install?.code.replace('npm install sluice', `npm install --prefer-offline ${join(folder, tarball)}`);
    expect(code).toContain(tarball);
    const bash = (script: string, cwd: string, ...through: string[]): ReturnType<typeof run> => {
      const file = join(folder, 'script');
      writeFileSync(file, script);
      const [command, ...args] = [...through, '/bin/bash', file];
      return run(command ?? '', args, { cwd, limitMs: 150_000 });
    };
    expect(await bash(`set -e\n${code}`, folder)).toMatchObject({ code: 0 });
    // A network of its own: the page's ports are free there.
    const there = ['unshare', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const told = await bash(`ip link set lo up\n${scriptOf(rest)}`, join(folder, 'sluice-tour'), ...there);
    expect(told).toMatchObject({ code: 0, output: expect.stringContaining('sluice_http_requests_total{') });
    expect(rest.filter((step) => step.kind === 'see').length).toBeGreaterThan(2);
    for (const [index, step] of rest.entries()) {
      if (step.kind !== 'see') continue;
      for (const line of step.code.trim().split('\n')) expect(printed(told.output, index - 1)).toMatch(wild(line));
    }
  },
  300_000,
);
