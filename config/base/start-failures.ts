/**
 * Why a start can fail: the closed list of codes in the record `start-failed`, in the pool view and on the page of
 * a development environment. A report adds the names and numbers of its case; the reference page is made from this.
 */
export const startFailures = {
  'entry-missing': {
    cause: 'The entry, the program of `processPath` or the application folder is not there.',
    remedy: 'Deploy the file, or correct `arguments`, `processPath` or `physicalPath`; names are case-sensitive.',
  },
  'folder-unreachable': {
    cause:
      'The user of the pool may not enter a folder or read a file on the way; the report names the first and its mode.',
    remedy: '`chmod o+x` (or `o+r`) what it names, set `processModel.userName`, or `isolation: process`.',
  },
  'module-missing': {
    cause: 'The app asks for a module or package that is not installed.',
    remedy: 'Install the dependencies in the application folder (`npm ci`, `pip install -r requirements.txt`).',
  },
  'syntax-error': {
    cause: 'A source file cannot be parsed; the report names file and line.',
    remedy: 'Correct the file; new syntax may need a newer runtime.',
  },
  'node-version': {
    cause:
      'The Node of the pool is missing, is no Node, is too old, or is not what `engines` of package.json asks for.',
    remedy: 'Set `nodePath` of the pool to a Node that fits.',
  },
  'typescript-entry': {
    cause: 'The entry is TypeScript and the Node of the pool cannot run it.',
    remedy: 'Compile it, name a loader in `arguments` (--import tsx), or set `nodePath` to Node 22.18 or newer.',
  },
  'framework-missing': {
    cause: 'The .NET framework version that the app was published for is not installed.',
    remedy: 'Install that version, publish for an installed one, or set DOTNET_ROLL_FORWARD=Major.',
  },
  'port-refused': {
    cause: 'The port that the app should listen on is in use, or a configured one cannot be used.',
    remedy: 'Correct `ASPNETCORE_PORT`; a port chosen by Sluice is tried again by itself.',
  },
  'listening-elsewhere': {
    cause: 'The app listens, but not on the port or address it was given.',
    remedy: 'Let it listen on the port in PORT (ASP.NET Core: remove UseUrls).',
  },
  'exited-early': {
    cause: 'The process ended before it listened.',
    remedy: 'Read the last output lines; the same command in the application folder shows them too.',
  },
  'startup-timeout': {
    cause: 'The app runs and did not listen within `startupTimeLimit`.',
    remedy: 'See what it waits for, or raise the limit.',
  },
  'refused-by-host': {
    cause: 'The app cannot be hosted in-process, such as an HTTP/2-only server.',
    remedy: 'Change the app, or set `hostingModel: OutOfProcess`.',
  },
  'spawn-failed': {
    cause: 'The system could not run the program.',
    remedy: 'Check its x bit, its interpreter and the limits of the pool.',
  },
  'tool-missing': {
    cause: 'A program that isolation needs (setpriv, prlimit, taskset, bwrap) is not installed.',
    remedy: 'Install util-linux or bubblewrap.',
  },
  'sandbox-failed': {
    cause: 'bubblewrap cannot make a sandbox on this machine; the report has its own words.',
    remedy: 'Allow user namespaces, or set `isolation: user`.',
  },
  'socket-failed': {
    cause: 'The socket between listeners and worker could not be made.',
    remedy: 'See `runDir`: it must exist, with room and a short path.',
  },
  'link-failed': {
    cause: 'A listener could not reach the worker’s socket.',
    remedy: 'See the server log; the start is tried again.',
  },
  'token-refused': {
    cause: 'A configured `ASPNETCORE_TOKEN` cannot be sent in a header.',
    remedy: 'Remove it: a random one is made for each process.',
  },
  'identity-needs-root': {
    cause: '`processModel.userName` is set, and Sluice does not run as root.',
    remedy: 'Start Sluice as root, or remove `userName`.',
  },
  'identity-unknown-user': {
    cause: 'The user named by `processModel.userName` does not exist.',
    remedy: 'Create the user, or correct the name.',
  },
  'identity-none-left': {
    cause: 'All user ids of `identityRange` are taken.',
    remedy: 'Widen `identityRange`.',
  },
  'identity-map-damaged': {
    cause: 'The map of pools and user ids in `stateDir` cannot be read.',
    remedy: 'Repair or remove the file that the report names.',
  },
  'start-error': {
    cause: 'A system call failed while the worker was prepared.',
    remedy: 'See the server log.',
  },
} as const;

export type StartFailureCode = keyof typeof startFailures;

export function isStartFailureCode(code: string): code is StartFailureCode {
  return Object.hasOwn(startFailures, code);
}
