/** Ways in which the start of an application can fail, and what must be said about each. */
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outOfProcess } from '../../support/hosting.js';
import type { Need } from '../../support/missing.js';
import type { Settings } from '../../support/sluice.js';
import { goodApp } from './app-folder.js';

export interface Case {
  readonly name: string;
  readonly settings?: Settings;
  /** What index.js holds when the server starts. */
  readonly source: string;
  /** Before the server starts. */
  readonly prepare?: (folder: string) => void;
  /** Breaks more than the source can, after the configuration was read. */
  readonly spoil?: (folder: string) => void;
  /** Undoes it; without it the good app is written, null: it cannot be undone here. */
  readonly repair?: ((folder: string) => void) | null;
  readonly status: readonly [status: number, subStatus: number];
  readonly code: string;
  readonly cause: RegExp;
  readonly remedy: RegExp;
  /** Of the last output lines. */
  readonly output?: string;
  readonly attempts?: number;
  readonly exitReason?: string;
  readonly needs?: Need;
  /** Of the pool. */
  readonly pool?: (root: string) => Settings;
}

const neverListens = "console.log('waiting for the database'); setInterval(() => undefined, 1_000);";
const shortLimit = { startupTimeLimit: 1 };
export interface TakenPort {
  readonly port: number;
  readonly release: () => void;
}

const node = { hostingModel: 'InProcess', processPath: 'node', arguments: 'index.js' };
export const inProcessCases: readonly Case[] = [
  {
    name: 'throws',
    source: "console.log('reading settings'); throw new Error('no database here');",
    status: [500, 30],
    code: 'exited-early',
    cause: /exit code 1.*no database here/,
    remedy: /node index\.js|output/,
    output: 'no database here',
  },
  {
    name: 'exits-0',
    source: "console.log('done'); process.exit(0);",
    status: [500, 30],
    code: 'exited-early',
    cause: /exit code 0.*without listening/,
    remedy: /listen\(\)/,
    output: 'done',
  },
  {
    name: 'never-listens',
    settings: { hosting: { ...node, ...shortLimit } },
    source: neverListens,
    status: [500, 37],
    code: 'startup-timeout',
    cause: /did not listen within 1000 ms/,
    remedy: /startupTimeLimit/,
    output: 'waiting for the database',
    exitReason: 'startup-timeout',
  },
  {
    name: 'entry-missing',
    source: goodApp,
    spoil: (folder) => rmSync(join(folder, 'index.js')),
    status: [500, 30],
    code: 'entry-missing',
    cause: /entry .*entry-missing holds no index\.js/,
    remedy: /Deploy the application/,
  },
  {
    name: 'closed-folder',
    source: goodApp,
    spoil: (folder) => chmodSync(folder, 0o700),
    repair: (folder) => chmodSync(folder, 0o755),
    status: [500, 30],
    code: 'folder-unreachable',
    cause: /closed-folder \(mode 0700\) cannot be entered by user \d+ of pool closed-folder/,
    remedy: /chmod o\+x .*closed-folder/,
    needs: 'other users',
  },
  {
    name: 'module-missing',
    source: "console.log('loading');\nrequire('not-installed-here');",
    status: [500, 30],
    code: 'module-missing',
    cause: /exit code 1.*needs the module not-installed-here/,
    remedy: /npm ci/,
    output: "Cannot find module 'not-installed-here'",
  },
  {
    name: 'syntax-error',
    source: 'const fine = 1;\nconst = 2;\n',
    status: [500, 30],
    code: 'syntax-error',
    cause: /exit code 1.*index\.js:2: SyntaxError: /,
    remedy: /Correct the file/,
    output: 'SyntaxError',
  },
  {
    name: 'wants-another-node',
    source: "throw new Error('too old for me');",
    spoil: (folder) => writeFileSync(join(folder, 'package.json'), '{ "engines": { "node": ">=99 <100" } }'),
    status: [500, 31],
    code: 'node-version',
    cause: /too old for me; its package\.json asks for Node >=99 <100, and this is \d+/,
    remedy: /nodePath/,
    output: 'too old for me',
  },
  {
    name: 'node-is-old',
    source: goodApp,
    pool: (root) => ({ nodePath: join(root, 'node-is-old', 'node') }),
    prepare: (folder) => program(join(folder, 'node'), 'echo v16.20.2'),
    repair: (folder) => program(join(folder, 'node'), `exec ${process.execPath} "$@"`),
    status: [500, 31],
    code: 'node-version',
    cause: /node-is-old\/node is Node 16\.20; in-process hosting needs 20\.\d+ or newer/,
    remedy: /nodePath/,
  },
  {
    name: 'http2-only',
    source: "require('node:http2').createServer().listen(process.env.PORT);",
    status: [500, 30],
    code: 'refused-by-host',
    cause: /HTTP\/2/,
    remedy: /OutOfProcess/,
  },
];

/** The framework is looked for before the .dll is opened. */
function publishedForTheFuture(folder: string): void {
  const framework = { name: 'Microsoft.AspNetCore.App', version: '99.0.0' };
  writeFileSync(join(folder, 'Shop.runtimeconfig.json'), JSON.stringify({ runtimeOptions: { framework } }));
  writeFileSync(join(folder, 'Shop.dll'), '');
}

function program(path: string, command: string): void {
  writeFileSync(path, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
}

export const outOfProcessCases: readonly Case[] = [
  {
    name: 'program-missing',
    settings: outOfProcess('', { processPath: './gone', arguments: '' }),
    source: '',
    repair: (folder) => {
      writeFileSync(join(folder, 'gone'), `#!${process.execPath}\n${goodApp}`, { mode: 0o755 });
    },
    status: [502, 5],
    code: 'entry-missing',
    cause: /program-missing\/gone.*does not exist/,
    remedy: /processPath/,
  },
  {
    name: 'module-missing-out',
    settings: outOfProcess('index.js'),
    source: "require('./lib/not-deployed');",
    status: [502, 5],
    code: 'module-missing',
    cause: /exit code 1.*needs the file \.\/lib\/not-deployed/,
    remedy: /Deploy the file/,
    output: 'not-deployed',
  },
  {
    name: 'python-module-missing',
    settings: outOfProcess('app.py', { processPath: '/usr/bin/python3' }),
    source: '',
    spoil: (folder) => writeFileSync(join(folder, 'app.py'), 'import not_installed_here\n'),
    repair: (folder) => {
      writeFileSync(
        join(folder, 'app.py'),
        `import os\nos.execv(${JSON.stringify(process.execPath)}, ['node', 'good.js'])\n`,
      );
      writeFileSync(join(folder, 'good.js'), goodApp);
    },
    status: [502, 5],
    code: 'module-missing',
    cause: /needs the module not_installed_here/,
    remedy: /pip install/,
    output: 'ModuleNotFoundError',
    needs: 'python3',
  },
  {
    name: 'framework-missing',
    settings: outOfProcess('Shop.dll', { processPath: 'dotnet' }),
    source: '',
    spoil: publishedForTheFuture,
    repair: null,
    status: [502, 5],
    code: 'framework-missing',
    cause: /Microsoft\.AspNetCore\.App 99\.0\.0 is not installed/,
    remedy: /DOTNET_ROLL_FORWARD/,
    output: 'Microsoft.AspNetCore.App',
    needs: 'dotnet',
  },
  {
    name: 'elsewhere',
    settings: outOfProcess('index.js', shortLimit),
    source: `
        require('node:http').createServer().listen(0, '127.0.0.1', function () {
          console.log('mine is ' + this.address().port);
        });`,
    status: [502, 5],
    code: 'listening-elsewhere',
    cause: /listens on port \d+ instead of \d+/,
    remedy: /PORT/,
    output: 'mine is',
  },
  {
    name: 'exits-early',
    settings: outOfProcess('index.js'),
    source: "console.error('no licence'); process.exit(3);",
    status: [502, 5],
    code: 'exited-early',
    cause: /exit code 3/,
    remedy: /output/,
    output: 'no licence',
    attempts: 2,
  },
  {
    name: 'never-listens-out',
    settings: outOfProcess('index.js', shortLimit),
    source: neverListens,
    status: [502, 5],
    code: 'startup-timeout',
    cause: /did not listen on port \d+ within 1000 ms/,
    remedy: /startupTimeLimit/,
    output: 'waiting for the database',
    attempts: 2,
    exitReason: 'startup-timeout',
  },
];

/** `taken` is a port that somebody else listens on. */
export function portRefused(taken: TakenPort): Case {
  return {
    name: 'port-refused',
    settings: outOfProcess('index.js', { environmentVariables: { ASPNETCORE_PORT: String(taken.port) } }),
    source: goodApp,
    repair: () => taken.release(),
    status: [502, 5],
    code: 'port-refused',
    cause: new RegExp(`ASPNETCORE_PORT ${taken.port} is in use`),
    remedy: /ASPNETCORE_PORT/,
  };
}
