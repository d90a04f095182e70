import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository, sluiceMain } from '../../support/paths.js';
import { run } from '../../support/program.js';

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

const folder = join(repository, 'docs', 'how-to');
const pages = readdirSync(folder).filter((name) => name.startsWith('coming-from-'));
const schema = JSON.parse(readFileSync(join(repository, 'config', 'docs', 'sluice.schema.json'), 'utf8')) as Schema;

/** Whatever the page writes as code: in tables on the right-hand side, in text everywhere. */
function codeIn(page: string): string[] {
  const lines = readFileSync(join(folder, page), 'utf8').split('\n');
  const ours = lines.filter((line) => line.startsWith('| ')).map((line) => line.split(' | ').slice(1).join(' '));
  return ours.flatMap((text) => [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''));
}

function forms(one: Schema): readonly Schema[] {
  const name = one.$ref?.split('/').at(-1);
  const own = name === undefined ? one : ((schema as { $defs?: Record<string, Schema> }).$defs?.[name] ?? one);
  return [own, ...(own.anyOf ?? []).flatMap(forms)];
}

/** `applicationPools[].cpu.limit`: whether the schema has it. */
function isSetting(path: string): boolean {
  let here: readonly Schema[] = forms(schema);
  for (const step of path.split('.')) {
    const name = step.replace(/\[\]$/, '');
    here = here.flatMap((one) => (one.properties?.[name] === undefined ? [] : forms(one.properties[name])));
    if (step.endsWith('[]')) here = here.flatMap((one) => (one.items === undefined ? [] : forms(one.items)));
  }
  return here.length > 0;
}

const isPath = (code: string): boolean => /^[A-Za-z$][\w-]*(\[\])?(\.[\w-]+(\[\])?)*$/.test(code);

test('a path is looked up step by step', () => {
  expect(
    ['listeners', 'applicationPools[].cpu.limit', 'sites[].bindings[].certificate.pfxFile'].map(isSetting),
  ).toEqual([true, true, true]);
  expect(['listener', 'applicationPools[].limit', 'sites[].cpu.limit'].map(isSetting)).toEqual([false, false, false]);
});

test('there is a page for each of six', () => {
  const from = ['iis', 'iisnode', 'nginx-unit', 'passenger', 'pm2', 'uwsgi'];
  expect(pages.toSorted()).toEqual(from.map((name) => `coming-from-${name}.md`));
});

describe.each(pages)('%s', (page) => {
  const code = codeIn(page);

  test('names settings that the schema has', () => {
    // Other things that may stand as code on our side.
    const others = /^(sluice |%|\$\{|\/|\*:|sites\.d\/|remoteAddress$|server\.js$)/;
    const paths = code.filter((one) => !others.test(one));
    expect(paths.length).toBeGreaterThan(10);
    expect(paths.filter((one) => !isPath(one) || !isSetting(one))).toEqual([]);
  });

  test('names commands that exist', async () => {
    const verbs = new Map<string, Set<string>>();
    for (const one of code.filter((each) => each.startsWith('sluice '))) {
      const [, noun = '', verb] = one.split(' ');
      const found = verbs.get(noun) ?? new Set();
      if (verb !== undefined) found.add(verb);
      verbs.set(noun, found);
    }
    for (const [noun, named] of verbs) {
      const { code: exit, output } = await run(process.execPath, [sluiceMain, noun, '--help']);
      expect([noun, exit]).toEqual([noun, 0]);
      for (const verb of named) expect(output).toMatch(new RegExp(`^ +${verb}\\b`, 'm'));
    }
  });
});
