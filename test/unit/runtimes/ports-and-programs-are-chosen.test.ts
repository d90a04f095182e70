import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveCommand } from '../../../pools/runtimes/out-of-process/commands.js';
import { candidateRange, choosePort, parseFixedPort } from '../../../pools/runtimes/out-of-process/port.js';
import { testNeeding } from '../../support/needs.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';

describe('the range of random ports', () => {
  test.each([
    [32_768, 60_999, 10_000, 32_767],
    [1_024, 20_000, 20_001, 48_000],
    [15_000, 40_000, 40_001, 48_000],
    [1_024, 65_535, 10_000, 48_000],
    [10_005, 47_995, 10_000, 48_000],
  ])('beside the local ports %d-%d is %d-%d', (first, last, wantedFirst, wantedLast) => {
    expect(candidateRange({ first, last })).toEqual({ first: wantedFirst, last: wantedLast });
  });

  test('yields a free one, or gives up after ten', () => {
    expect(choosePort({ first: 20_000, last: 20_001 }, (port) => port === 20_000)).toBe(20_001);
    let asked = 0;
    const allTaken = (): boolean => ++asked > 0;
    expect(() => choosePort({ first: 20_000, last: 20_001 }, allTaken)).toThrow('no free port');
    expect(asked).toBe(10);
  });

  test.each(['abc', '', '1024', '48001', '8080 ', '+8080', '0x2000', '99999999'])(
    'does not take ASPNETCORE_PORT %j',
    (text) => {
      expect(() => parseFixedPort(text)).toThrow('ASPNETCORE_PORT');
    },
  );

  test('takes a fixed one of digits', () => {
    expect([parseFixedPort('1025'), parseFixedPort('48000')]).toEqual([1_025, 48_000]);
  });
});

describe('processPath', () => {
  let folder: string;
  beforeAll(() => {
    folder = tempFolder('command');
    writeFileSync(join(folder, 'app'), '');
    mkdirSync(join(folder, 'sh'));
    mkdirSync(join(folder, 'root'));
    writeFileSync(join(folder, 'root', 'dotnet'), '');
    chmodSync(join(folder, 'root', 'dotnet'), 0o755);
  });
  afterAll(() => removeFolder(folder));
  const resolveIn = (processPath: string, dotnetRoot: string | null = null) =>
    resolveCommand({ processPath, physicalPath: folder, dotnetRoot });

  test('is looked for in the application folder first', () => {
    expect(resolveIn('app').file).toBe(join(folder, 'app'));
    expect(resolveIn('./app').file).toBe(join(folder, 'app'));
  });

  test('then on the fixed PATH, past folders of that name', () => {
    expect(resolveIn('sh').file).toMatch(/^\/(usr\/)?bin\/sh$/);
  });

  test('never on the PATH of the caller', () => {
    const before = process.env['PATH'];
    process.env['PATH'] = folder;
    expect(() => resolveCommand({ processPath: 'app', physicalPath: '/', dotnetRoot: null })).toThrow(
      'was found neither',
    );
    process.env['PATH'] = before;
  });

  test('node is at last the one that runs Sluice', () => {
    expect(resolveIn('node').file).toMatch(/\/node$/);
  });

  test('dotnet is taken from DOTNET_ROOT of the application before any other place', () => {
    expect(resolveIn('dotnet', join(folder, 'root'))).toEqual({
      file: join(folder, 'root', 'dotnet'),
      dotnetRoot: join(folder, 'root'),
    });
  });

  test('a program called host beside dotnet is no installation', () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    for (const name of ['dotnet', 'host']) writeFileSync(join(bin, name), '', { mode: 0o755 });
    const before = process.env['DOTNET_ROOT'];
    process.env['DOTNET_ROOT'] = bin;
    expect(resolveIn('dotnet')).toEqual({ file: join(bin, 'dotnet'), dotnetRoot: null });
    if (before === undefined) delete process.env['DOTNET_ROOT'];
    else process.env['DOTNET_ROOT'] = before;
  });

  test.each(['none', './none', '/none', 'sub/none'])('%s that does not exist is named', (path) => {
    expect(() => resolveIn(path)).toThrow('none');
  });

  testNeeding('python3')('python3 is the distribution’s', async () => {
    expect(resolveIn('python3').file).toBe('/usr/bin/python3');
  });
});
