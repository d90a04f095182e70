/** Ways in which the start of an application can fail, and what must be said about each. */
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outOfProcess } from '../../support/hosting.js';
import type { Settings } from '../../support/sluice.js';
import { goodApp } from './app-folder.js';

export interface Case {
  readonly name: string;
  readonly settings?: Settings;
  /** What index.js holds when the server starts. */
  readonly source: string;
  /** Breaks more than the source can, after the configuration was read. */
  readonly spoil?: (folder: string) => void;
  /** Undoes it; without it the good app is written. */
  readonly repair?: (folder: string) => void;
  readonly status: readonly [status: number, subStatus: number];
  readonly code: string;
  readonly cause: RegExp;
  readonly remedy: RegExp;
  /** Of the last output lines. */
  readonly output?: string;
  readonly attempts?: number;
  readonly exitReason?: string;
  readonly needs?: 'other users';
}

const neverListens = "console.log('waiting for the database'); setInterval(() => undefined, 1_000);";
const shortLimit = { startupTimeLimit: 1 };
export interface TakenPort {
  readonly port: number;
  readonly release: () => void;
}

const node = { hostingModel: 'InProcess', processPath: 'node', arguments: 'index.js' };
export function inProcessCases(): readonly Case[] {
  return [
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
      name: 'http2-only',
      source: "require('node:http2').createServer().listen(process.env.PORT);",
      status: [500, 30],
      code: 'refused-by-host',
      cause: /HTTP\/2 server/,
      remedy: /OutOfProcess/,
    },
  ];
}

/** `taken` is a port that somebody else listens on. */
export function outOfProcessCases(taken: TakenPort): readonly Case[] {
  return [
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
      name: 'port-refused',
      settings: outOfProcess('index.js', { environmentVariables: { ASPNETCORE_PORT: String(taken.port) } }),
      source: goodApp,
      repair: () => taken.release(),
      status: [502, 5],
      code: 'port-refused',
      cause: new RegExp(`ASPNETCORE_PORT ${taken.port} is in use`),
      remedy: /ASPNETCORE_PORT/,
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
}
