/** Words for a program that ended before it listened, from its exit and its last output. */
import type { ProcessExit } from '../worker-process.js';
import { causeInOutput } from '../output-cause.js';
import { StartError } from '../start-error.js';

/** `cause` and `remedy` of the first rule that fits; what cannot get better by itself is not repeated. */
interface Rule {
  readonly fits: (exit: ProcessExit) => boolean;
  readonly describe: (exit: ProcessExit) => StartError;
}

const rules: readonly Rule[] = [
  {
    // Exit code of the .NET host: a framework of runtimeconfig.json is not installed.
    fits: (exit) => exit.code === 150 || exit.outputTail.includes('You must install or update .NET'),
    describe: (exit) =>
      new StartError(
        'framework-missing',
        `Failed to load ASP.NET Core runtime: ${frameworksIn(exit.outputTail)} is not installed`,
        'Install that version, publish for an installed one, or set DOTNET_ROLL_FORWARD=Major.',
      ),
  },
  {
    fits: (exit) => exit.code === 131,
    describe: () =>
      new StartError(
        'framework-missing',
        'the published folder holds no .NET runtime for Linux (libhostpolicy.so): it was built for Windows, or its runtimeconfig.json is missing',
        'Publish without --self-contained, or with `-r linux-x64`.',
      ),
  },
  {
    fits: (exit) => exit.outputTail.includes('Could not execute because the specified command or file was not found'),
    describe: () =>
      new StartError(
        'entry-missing',
        'dotnet did not find the application named in `arguments`',
        'Check the name of the .dll and its case.',
      ),
  },
  {
    fits: (exit) => (exit.code === 126 || exit.code === 127) && exit.outputTail.includes('failed to execute'),
    describe: (exit) =>
      new StartError(
        'spawn-failed',
        `the program cannot be executed: ${lastLine(exit.outputTail)}`,
        'Check its x bit and the interpreter in its first line.',
      ),
  },
  {
    fits: (exit) => /address already in use|EADDRINUSE/i.test(exit.outputTail),
    describe: (exit) =>
      new StartError(
        'port-refused',
        `the app ended (${howOf(exit)}): its port was in use`,
        'Let the app listen only on the port in PORT.',
        false,
      ),
  },
  {
    fits: (exit) => exit.code === 137 && exit.outputTail.includes('Failed to create CoreCLR'),
    describe: (exit) =>
      new StartError(
        'exited-early',
        `the .NET runtime could not start (${howOf(exit)}): memory or executable memory is limited`,
        'Raise the limits of the pool.',
      ),
  },
  {
    fits: (exit) => exit.code === 0,
    describe: () =>
      new StartError(
        'exited-early',
        'the app ended (exit code 0) before it listened, without an error',
        'Keep it in the foreground (no --daemon, no & in a script: `exec` the program), and read the output.',
        false,
      ),
  },
];

export function describeExit(exit: ProcessExit): StartError {
  const rule = rules.find((candidate) => candidate.fits(exit));
  if (rule !== undefined) return rule.describe(exit);
  const told = exit.code === 0 ? null : causeInOutput(exit.outputTail);
  if (told !== null) {
    return new StartError(told.code, `the app ended (${howOf(exit)}) before it listened: ${told.meaning}`, told.remedy);
  }
  return new StartError(
    'exited-early',
    `the app ended (${howOf(exit)}) before it listened`,
    'Read the output; start the same command in the application folder.',
    false,
  );
}

export function howOf(exit: ProcessExit): string {
  return exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
}

/** `Framework: 'Microsoft.AspNetCore.App', version '11.0.0' (x64)` on stderr of the .NET host. */
function frameworksIn(output: string): string {
  const found = [...output.matchAll(/Framework: '([^']{1,100})', version '([^']{1,50})'/g)];
  return found.length === 0 ? 'a framework' : found.map((match) => `${match[1]} ${match[2]}`).join(', ');
}

function lastLine(text: string): string {
  return (text.split('\n').at(-1) ?? '').slice(0, 300);
}
