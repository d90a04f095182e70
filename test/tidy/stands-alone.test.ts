import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { repository } from '../support/paths.js';
import { at, filesBelow, lineOf, readText, sources } from './sources.js';

const documents = filesBelow('', (path) => path.endsWith('.md'));
const written = filesBelow('', (path) => /\.(ts|mjs|js|cjs|md|json|yaml|yml|cs|csproj|py|config)$/.test(path)).filter(
  (path) => path !== 'package-lock.json' && !path.startsWith('test/tidy/'),
);

describe('the project explains itself without papers from elsewhere', () => {
  const foreign = /\.\.\/shared\b|\bspec\/[a-z-]+\.md|\bdesign\/[a-z-]+\.md|(?<![\w#-])D(?:[1-9]|[1-4]\d)(?=[\s:,.)])/g;

  test('no file refers to design papers', () => {
    const found = written.flatMap((path) => {
      const text = readText(path);
      return [...text.matchAll(foreign)].map((match) => at(path, lineOf(text, match.index), match[0]));
    });
    expect(found).toEqual([]);
  });
});

describe('documents', () => {
  test('links lead to files that exist', () => {
    const broken = documents.flatMap((path) => {
      const text = readText(path).replace(/```[\s\S]*?```/g, (code) => code.replace(/[^\n]/g, ' '));
      return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
        .filter((match) => !/^(https?:|mailto:|#)/.test(match[1] ?? ''))
        .filter((match) => !existsSync(join(repository, dirname(path), (match[1] ?? '').replace(/#.*$/, ''))))
        .map((match) => at(path, lineOf(text, match.index), `nothing at ${match[1]}`));
    });
    expect(broken).toEqual([]);
  });

  test.each(['README.md', 'CHANGELOG.md', 'LICENSE'])('%s is there and in the package', (name) => {
    const { files } = JSON.parse(readText('package.json')) as { files: string[] };
    expect(existsSync(join(repository, name))).toBe(true);
    expect(files).toContain(name);
  });

  test('the version is in the changelog', () => {
    const { version } = JSON.parse(readText('package.json')) as { version: string };
    expect(readText('CHANGELOG.md')).toContain(`## ${version}`);
  });

  test('every npm script named in a document exists', () => {
    const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> };
    const named = documents.flatMap((path) => [...readText(path).matchAll(/npm run ([a-z:]+)/g)].map((one) => one[1]));
    expect(named.filter((name) => name !== undefined && !(name in scripts))).toEqual([]);
  });
});

describe('speed is measured', () => {
  test('a file marked hot names a benchmark that exists', () => {
    const broken = sources(['config', 'pools', 'server']).flatMap((file) => {
      const marks = [...file.text.matchAll(/^\s*(?:\/\/|\*|\/\*\*?) HOT\b(.*)$/gm)];
      return marks
        .filter((mark) => {
          const named = /(?:npm run (\w+)|(test\/bench\/[\w./-]+\.ts))/.exec(mark[1] ?? '');
          if (named === null) return true;
          return named[2] === undefined ? named[1] !== 'bench' : !existsSync(join(repository, named[2]));
        })
        .map((mark) => at(file.path, lineOf(file.text, mark.index), `names no benchmark: ${mark[0].trim()}`));
    });
    expect(broken).toEqual([]);
  });
});
