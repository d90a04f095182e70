/** Words for an application that ended before it listened. */
import type { ProcessExit } from '../worker-process.js';
import { causeInOutput } from '../output-cause.js';
import { StartError } from '../start-error.js';

/** Exit codes that Node itself gives a meaning (process exit codes of the Node documentation). */
const nodeExitCodes: Readonly<Record<number, readonly [cause: string, remedy: string]>> = {
  0: [
    'it ended by itself without listening',
    'Call listen() on an HTTP server, or export the app (a handler, a Koa or a Fastify instance).',
  ],
  9: ['Node refused one of its options', 'Correct the node options in `arguments`.'],
  13: ['a top-level await never settled', 'Look for a promise in the entry module that nobody resolves.'],
};

export function describeEarlyExit(exit: ProcessExit, fatal: string, entry: string): StartError {
  const how = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
  const told = exit.code === 0 ? null : causeInOutput(`${exit.outputTail}\n${fatal}`);
  if (told !== null) {
    return new StartError(told.code, `the app ended (${how}) before it listened: ${told.meaning}`, told.remedy);
  }
  const [meaning, remedy] = nodeExitCodes[exit.code ?? -1] ?? [
    firstLine(fatal),
    `Run \`node ${entry}\` in the application folder to see the same, or read the output.`,
  ];
  const because = meaning === '' ? '' : `: ${meaning}`;
  return new StartError('exited-early', `the app ended (${how}) before it listened${because}`, remedy);
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').slice(0, 300);
}
