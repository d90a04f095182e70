import { describe, expect, test } from '@jest/globals';
import { splitArguments, VariableLookup } from '../../../config/compile/command-line.js';
import { parseNodeCommand } from '../../../config/compile/node-command.js';
import { loadWebConfig, oneApplication, onlyApplication, onlyHosting, webConfig, withFiles } from './support.js';

describe('arguments are split by the rules of CommandLineToArgvW', () => {
  test.each([
    ['', []],
    ['   ', []],
    ['a b  c', ['a', 'b', 'c']],
    ['"a b" c', ['a b', 'c']],
    ['a"b c"d', ['ab cd']],
    ['""', ['']],
    ['a "" b', ['a', '', 'b']],
    ['.\\Web.dll --x=\\\\server', ['.\\Web.dll', '--x=\\\\server']],
    ['"a\\\\" b', ['a\\', 'b']],
    ['a\\"b', ['a"b']],
    ['"a\\\\\\"b"', ['a\\"b']],
    ['"a""b"', ['a"b']],
    ['"open to the end', ['open to the end']],
    ["'a b'", ["'a", "b'"]],
    ['$(x) `y` ;z|w', ['$(x)', '`y`', ';z|w']],
    ['a\tb\nc', ['a', 'b', 'c']],
  ])('%j', (line, words) => {
    expect(splitArguments(line)).toEqual(words);
  });
});

describe('%NAME%', () => {
  const lookup = new VariableLookup().add([
    { name: 'Mode', value: 'prod' },
    { name: 'LOOP', value: '%Mode%' },
    { name: 'BIG', value: 'x'.repeat(30_000) },
  ]);

  test.each([
    ['%MODE%-%mode%', 'prod-prod'],
    ['%NONE%', '%NONE%'],
    ['100% of %Mode%', '100% of prod'],
    ['%LOOP%', '%Mode%'],
    ['%%', '%%'],
  ])('%s', (text, expected) => {
    expect(lookup.expand(text)).toBe(expected);
  });

  test('a bomb stays as it was written', () => {
    const bomb = '%BIG%'.repeat(100);
    expect(lookup.expand(bomb)).toBe(bomb);
  });

  test('sees the pool and the application, never the environment of the server', async () => {
    await withFiles(async (files) => {
      const text = webConfig(
        '<aspNetCore processPath="x" arguments="%POOL% %APP_POOL_ID% %SECRET% %PATH%"><environmentVariables><environmentVariable name="OWN" value="%pool%"/></environmentVariables></aspNetCore>',
      );
      files.write('app/web.config', text);
      files.write('sluice.yaml', `applicationPoolDefaults: { environmentVariables: { POOL: p } }\n${oneApplication()}`);
      const hosting = onlyHosting(await files.load({ environment: { SECRET: 's', PATH: '/bin' } }));
      expect(hosting.arguments).toEqual(['p', 'DefaultAppPool', '%SECRET%', '%PATH%']);
      expect(hosting.environmentVariables).toEqual([{ name: 'OWN', value: 'p' }]);
    });
  });
});

describe('programs', () => {
  const run = async (
    attributes: string,
    names: readonly string[],
  ): Promise<{ program: string; words: readonly string[]; root: string }> => {
    let found = { program: '', words: [] as readonly string[], root: '' };
    await withFiles(async (files) => {
      for (const name of names) files.write(`app/${name}`, name.endsWith('.exe') ? 'MZ' : '');
      const hosting = onlyHosting(await loadWebConfig(files, webConfig(`<aspNetCore ${attributes}/>`)));
      found = { program: hosting.processPath.replace(files.root, ''), words: hosting.arguments, root: files.root };
    });
    return found;
  };

  test.each([
    ['processPath="dotnet" arguments=".\\Web.dll"', ['Web.dll'], 'dotnet', ['./Web.dll']],
    ['processPath="dotnet.exe" arguments="bin\\Web.dll \\x"', ['bin/Web.dll'], 'dotnet', ['bin/Web.dll', '\\x']],
    ['processPath="C:\\Program Files\\dotnet\\dotnet.exe" arguments="Web.dll"', [], 'dotnet', ['Web.dll']],
    ['processPath="C:\\Program Files\\nodejs\\node.exe" arguments="server.js"', [], 'node', ['server.js']],
    ['processPath=".\\Run" arguments=""', ['Run'], '/app/Run', []],
    ['processPath=".\\Run.exe"', ['Run'], '/app/Run', []],
    ['processPath="bin\\run.sh"', ['bin/run.sh'], '/app/bin/run.sh', []],
    ['processPath="python3" arguments="app.py"', [], 'python3', ['app.py']],
    ['processPath="tool"', ['tool'], '/app/tool', []],
    ['processPath="/usr/bin/env" arguments="python3"', [], '/usr/bin/env', ['python3']],
    ['processPath=".\\missing"', [], '/app/missing', []],
    ['processPath="%NONE%" arguments="x"', [], '%NONE%', ['x']],
  ])('%s', async (attributes, names, program, words) => {
    expect(await run(attributes, names)).toMatchObject({ program, words });
  });

  test.each(['C:\\apps\\Web.exe', '\\\\server\\share\\Web.exe', '.\\Web.exe'])('%s cannot run: 502.5', async (path) => {
    await withFiles(async (files) => {
      files.write('app/Web.exe', 'MZ\x90');
      const { failure } = onlyApplication(await loadWebConfig(files, webConfig(`<aspNetCore processPath="${path}"/>`)));
      expect(failure).toMatchObject({ status: 502, subStatus: 5, diagnostic: { line: 4, column: 13 } });
    });
  });

  test('%LAUNCHER_PATH% comes from the variables, and without them the folder decides', async () => {
    const text = webConfig(
      '<aspNetCore processPath="%LAUNCHER_PATH%" arguments="%LAUNCHER_ARGS%" hostingModel="InProcess"/>',
    );
    await withFiles(async (files) => {
      expect(onlyHosting(await loadWebConfig(files, text))).toMatchObject({
        source: 'detection',
        entry: files.path('app/server.js'),
      });
      const set =
        'hosting: { hostingModel: OutOfProcess, environmentVariables: { ANCM_LAUNCHER_PATH: python3, ANCM_LAUNCHER_ARGS: a.py b } }';
      expect(onlyHosting(await loadWebConfig(files, text, set))).toMatchObject({
        processPath: 'python3',
        arguments: ['a.py', 'b'],
      });
    });
  });
});

describe('in-process: options of node, entry, arguments', () => {
  test.each([
    ['server.js', [], 'server.js', []],
    [
      '--enable-source-maps -r ./a.js --import=b server.js -x --y',
      ['--enable-source-maps', '-r', './a.js', '--import=b'],
      'server.js',
      ['-x', '--y'],
    ],
    ['--max-old-space-size=100 .', ['--max-old-space-size=100'], '.', []],
    ['-- -odd.js a', [], '-odd.js', ['a']],
    ['', [], '', []],
  ])('%s', (line, nodeOptions, entry, rest) => {
    expect(parseNodeCommand(splitArguments(line))).toEqual({ nodeOptions, entry, arguments: rest });
  });

  test.each(['-e 1', '--eval=1', '-p 1', '--test', '-i'])('%s hosts nothing', (line) => {
    expect(parseNodeCommand(splitArguments(line))).toHaveProperty('refused');
  });

  test('the entry is found in the folder, also without arguments', async () => {
    await withFiles(async (files) => {
      files.write('app/main.js').write('app/package.json', '{"main":"main"}');
      const load = async (hosting: string) =>
        onlyHosting(await files.write('sluice.yaml', oneApplication(`hosting: ${hosting}`)).load());
      expect(await load('{ arguments: "--no-warnings lib\\\\x.js a" }')).toMatchObject({
        hostingModel: 'InProcess',
        processPath: '',
        nodeOptions: ['--no-warnings'],
        entry: files.path('app/lib/x.js'),
        arguments: ['a'],
        requestTimeoutMs: 0,
      });
      expect(
        await load('{ hostingModel: InProcess, processPath: node.exe, arguments: "--no-warnings" }'),
      ).toMatchObject({ entry: files.path('app') });
      expect(await load('{ hostingModel: inprocess }')).toMatchObject({
        hostingModel: 'InProcess',
        entry: files.path('app'),
      });
      expect(await load('{ hostingModel: OutOfProcess }')).toMatchObject({
        processPath: process.execPath,
        arguments: [files.path('app')],
        requestTimeoutMs: 120_000,
      });
      expect(await load('{ processPath: node, arguments: main.js }')).toMatchObject({
        hostingModel: 'OutOfProcess',
        processPath: 'node',
      });
    });
  });

  test('another Node than that of the pool is an error in YAML', async () => {
    await withFiles(async (files) => {
      files
        .write('app/a.js')
        .write(
          'sluice.yaml',
          oneApplication('hosting: { hostingModel: InProcess, processPath: /opt/node, arguments: a.js }'),
        );
      const { config, diagnostics } = await files.load();
      expect([config, diagnostics[0]?.remedy]).toEqual([
        null,
        'set nodePath of the pool, and processPath to node or leave it out',
      ]);
    });
  });
});
