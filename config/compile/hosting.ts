/**
 * How one application runs: `hosting` over web.config over detection, attribute by attribute, resolved
 * for Linux. Everything that is wrong with it concerns this application only.
 */
import { isAbsolute } from 'node:path';
import type {
  ApplicationConfig,
  EnvironmentVariable,
  HostingConfig,
  HostingModel,
  PoolConfig,
  WatchedFile,
} from '../model.js';
import type { ModuleSettings } from './module-attributes.js';
import type { HostingSettings } from '../schema/root.js';
import { hostingSettings } from '../schema/root.js';
import type { AppFolder } from './app-folder.js';
import {
  forwardSlashes,
  isWindowsAbsolute,
  logFilePath,
  programName,
  splitArguments,
  VariableLookup,
} from './command-line.js';
import { detect, nodeEntry } from './detect.js';
import { unpublishedDll } from './dotnet.js';
import { inherit } from './inherit.js';
import { parseNodeCommand } from './node-command.js';
import { resolveProgram } from './program.js';
import { Variables } from './variables.js';

export interface HostingInput {
  readonly folder: AppFolder;
  readonly pool: PoolConfig;
  /** YAML `hosting` as read, and its variables in order. */
  readonly yaml: unknown;
  readonly yamlVariables: readonly EnvironmentVariable[];
  readonly webConfig: ModuleSettings | null;
}

export type HostingResult =
  | { readonly kind: 'hosting'; readonly hosting: HostingConfig; readonly note: 'dotnet-in-process' | null }
  | {
      readonly kind: 'failure';
      readonly status: number;
      readonly subStatus: number;
      readonly message: string;
      readonly remedy: string;
      /** The attribute to blame, for the place of the message; '' = the application. */
      readonly attribute: string;
      /** What was written can never work, whatever the folder holds. */
      readonly always: boolean;
    };

export async function compileHosting(input: HostingInput): Promise<HostingResult> {
  const { folder } = input;
  if (!folder.exists()) {
    folder.lookedFor('.');
    return failure(500, 0, `the folder ${folder.path} does not exist`, 'create it, or correct physicalPath', '');
  }
  const settings = hostingSettings.parse(inherit(input.webConfig?.raw ?? {}, withoutVariables(input.yaml)));
  const own = new Variables()
    .addAll(input.webConfig?.variables ?? [])
    .addAll(input.yamlVariables)
    .list();
  const lookup = new VariableLookup()
    .add([{ name: 'APP_POOL_ID', value: input.pool.name }])
    .add(input.pool.environmentVariables)
    .add(own);
  const launcher = lookup.get('ANCM_LAUNCHER_PATH') ?? '';
  const processPath = launcher === '' ? lookup.expand(settings.processPath ?? '') : launcher;
  const launcherArguments = lookup.get('ANCM_LAUNCHER_ARGS') ?? '';
  const command: Command = {
    // What Visual Studio leaves in a project's web.config names no program: look at the folder.
    processPath: /^%LAUNCHER_PATH%$/i.test(processPath.trim()) ? '' : processPath.trim(),
    words: splitArguments(launcherArguments === '' ? lookup.expand(settings.arguments) : launcherArguments),
    model: settings.hostingModel ?? null,
  };
  if (command.words.length === 1 && /^%LAUNCHER_ARGS%$/i.test(command.words[0] ?? '')) command.words = [];
  const made = await run(input, command);
  if (made.kind === 'failure') return made;
  if (settings.socket === 'tcp' && made.model === 'OutOfProcess' && hasPrivateNetwork(input.pool)) {
    if (inherit({}, input.yaml)['socket'] === 'tcp') {
      const message = `pool ${input.pool.name} has a private network, in which no TCP port can be reached`;
      return {
        ...failure(500, 0, message, 'write socket: unix, or sandbox.privateNetwork: false', 'socket'),
        always: true,
      };
    }
    settings.socket = 'unix';
  }
  const expanded = own.map(({ name, value }) => ({ name, value: lookup.expand(value) }));
  const stdoutLogFile = folder.resolve(logFilePath(lookup.expand(settings.stdoutLogFile)));
  const source =
    input.yaml !== undefined && hasProgram(input.yaml) ? 'hosting' : made.detected ? 'detection' : 'web.config';
  const watched = await watchedFiles(
    input,
    settings.recycleOnFileChange.map((file) => forwardSlashes(lookup.expand(file))),
  );
  const hosting = finished(settings, made, source, expanded, stdoutLogFile, watched);
  return { kind: 'hosting', hosting, note: made.note };
}

type WatchedFiles = Pick<HostingConfig, 'recycleOnFileChange' | 'restartFile'>;

async function watchedFiles({ folder, pool }: HostingInput, ofApplication: readonly string[]): Promise<WatchedFiles> {
  const { fileChange, restartFile } = pool.recycling;
  const recycleOnFileChange: WatchedFile[] = [];
  for (const name of new Set([...ofApplication, ...fileChange])) recycleOnFileChange.push(folder.stamp(name));
  return { recycleOnFileChange, restartFile: restartFile === '' ? null : folder.stamp(restartFile) };
}

interface Command {
  readonly processPath: string;
  words: readonly string[];
  readonly model: HostingModel | null;
}

/** What is to be run, before the rest of the settings joins it. */
interface Run {
  readonly kind: 'run';
  readonly model: HostingModel;
  readonly processPath: string;
  readonly arguments: readonly string[];
  readonly nodeOptions: readonly string[];
  readonly entry: string;
  readonly isDotnet: boolean;
  readonly detected: boolean;
  readonly note: 'dotnet-in-process' | null;
}

type Failure = Extract<HostingResult, { kind: 'failure' }>;
type RunResult = Run | Failure;

async function run(input: HostingInput, command: Command): Promise<RunResult> {
  const isNode = programName(command.processPath) === 'node';
  const inProcess =
    command.model === 'InProcess' || (command.model === null && command.processPath === '' && command.words.length > 0);
  if (command.processPath === '' && (command.words.length === 0 || command.model === 'OutOfProcess')) {
    return detected(input, command);
  }
  if (!inProcess) return outOfProcess(input, command, null);
  if (command.processPath === '' || isNode) return inProcessNode(input, command);
  const program = await outOfProcess(input, command, 'dotnet-in-process');
  if (program.kind === 'failure' || program.isDotnet) return program;
  const message = `hostingModel InProcess is only possible for Node applications, not for "${command.processPath}"`;
  // `./Web` may be a .NET application tomorrow; `python3` never will.
  const always = !/[\\/]/.test(command.processPath);
  return { ...failure(500, 0, message, 'write hostingModel OutOfProcess', 'hostingModel'), always };
}

async function outOfProcess(input: HostingInput, command: Command, note: Run['note']): Promise<RunResult> {
  const program = await resolveProgram(input.folder, command.processPath, command.words);
  if (!program.ok) {
    const problem = failure(502, 5, program.message, program.remedy, 'processPath');
    return { ...problem, always: isWindowsAbsolute(command.processPath) };
  }
  const unpublished = program.isDotnet ? await unpublishedDll(input.folder, program.arguments) : null;
  if (unpublished !== null) return failure(502, 5, unpublished.message, unpublished.remedy, 'arguments');
  return {
    kind: 'run',
    model: 'OutOfProcess',
    processPath: program.processPath,
    arguments: program.arguments,
    nodeOptions: [],
    entry: '',
    isDotnet: program.isDotnet,
    detected: false,
    note,
  };
}

async function inProcessNode(input: HostingInput, command: Command): Promise<RunResult> {
  const { folder } = input;
  if (isAbsolute(command.processPath)) {
    const remedy = 'set nodePath of the pool, and processPath to node or leave it out';
    const message = `in-process applications run on the Node of their pool, not on ${command.processPath}`;
    return { ...failure(500, 0, message, remedy, 'processPath'), always: true };
  }
  const parsed = parseNodeCommand(command.words.map((word) => nodeWord(word)));
  if ('refused' in parsed) {
    const message = `node ${parsed.refused} starts no application that could be hosted`;
    return { ...failure(500, 0, message, 'name the entry file in arguments', 'arguments'), always: true };
  }
  const found = parsed.entry === '' ? ((await nodeEntry(folder))?.entry ?? '') : folder.resolve(parsed.entry);
  if (found === '') {
    const message = `no entry: arguments name none, and ${folder.path} has no package.json with a main that exists, no index.js, server.js or app.js`;
    return failure(500, 0, message, 'name the entry file in arguments', 'arguments');
  }
  const { nodeOptions, arguments: rest } = parsed;
  return {
    kind: 'run',
    model: 'InProcess',
    processPath: '',
    arguments: rest,
    nodeOptions,
    entry: found,
    isDotnet: false,
    detected: false,
    note: null,
  };
}

/** `.\server.js` as Linux writes it; a lone word with backslashes can only be a path here. */
function nodeWord(word: string): string {
  return /^\.{0,2}\\|^[\w.-]+\\[\w.\\-]+$/.test(word) && !isWindowsAbsolute(word) ? forwardSlashes(word) : word;
}

async function detected(input: HostingInput, command: Command): Promise<RunResult> {
  const found = await detect(input.folder);
  switch (found.kind) {
    case 'none':
      return failure(500, 0, found.message, found.remedy, '');
    case 'dotnet': {
      const program = await resolveProgram(input.folder, found.processPath, found.arguments);
      if (!program.ok) return failure(502, 5, program.message, program.remedy, '');
      const note = command.model === 'InProcess' ? 'dotnet-in-process' : null;
      return { ...base, ...program, kind: 'run', model: 'OutOfProcess', isDotnet: true, note };
    }
    case 'node':
      if (command.model === 'OutOfProcess') {
        const processPath = input.pool.nodePath ?? process.execPath;
        return { ...base, kind: 'run', model: 'OutOfProcess', processPath, arguments: [found.entry, ...command.words] };
      }
      return { ...base, kind: 'run', model: 'InProcess', entry: found.entry };
  }
}

const base = {
  processPath: '',
  arguments: [],
  nodeOptions: [],
  entry: '',
  isDotnet: false,
  detected: true,
  note: null,
} as const;

const outOfProcessRequestTimeoutMs = 120_000;

function finished(
  settings: HostingSettings,
  made: Run,
  source: HostingConfig['source'],
  environmentVariables: readonly EnvironmentVariable[],
  stdoutLogFile: string,
  watched: WatchedFiles,
): HostingConfig {
  return {
    hostingModel: made.model,
    source,
    processPath: made.processPath,
    arguments: made.arguments,
    nodeOptions: made.nodeOptions,
    entry: made.entry,
    isDotnet: made.isDotnet,
    environmentVariables,
    processesPerApplication: made.model === 'InProcess' ? 1 : settings.processesPerApplication,
    socket: settings.socket,
    protocol: settings.protocol,
    startAttempts: settings.startupRetryCount + 1,
    startupTimeLimitMs: settings.startupTimeLimit,
    shutdownTimeLimitMs: settings.shutdownTimeLimit,
    requestTimeoutMs: settings.requestTimeout ?? (made.model === 'InProcess' ? 0 : outOfProcessRequestTimeoutMs),
    rapidFailsPerMinute: settings.rapidFailsPerMinute,
    stdoutLogEnabled: settings.stdoutLogEnabled,
    stdoutLogFile,
    disableStartUpErrorPage: settings.disableStartUpErrorPage,
    ...watched,
    forwardedPort: settings.forwardedPort,
    forwardedFor: settings.forwardedFor,
    webSocket: settings.webSocket,
    handlerSettings: settings.handlerSettings,
    healthCheck: made.model === 'InProcess' ? null : healthCheck(settings),
    port: settings.port,
  };
}

function healthCheck({ healthCheck: check }: HostingSettings): HostingConfig['healthCheck'] {
  if (check === undefined) return null;
  const { path, interval, timeout, failures } = check;
  return { path, intervalMs: interval, timeoutMs: timeout, failures };
}

function failure(status: number, subStatus: number, message: string, remedy: string, attribute: string): Failure {
  return { kind: 'failure', status, subStatus, message, remedy, attribute, always: false };
}

function hasPrivateNetwork(pool: PoolConfig): boolean {
  return pool.isolation === 'sandbox' && pool.sandbox.privateNetwork;
}

function withoutVariables(yaml: unknown): unknown {
  const { environmentVariables: _, ...rest } = inherit({}, yaml);
  return rest;
}

function hasProgram(yaml: unknown): boolean {
  const raw = inherit({}, yaml);
  return raw['processPath'] !== undefined || raw['arguments'] !== undefined || raw['hostingModel'] !== undefined;
}

/** Pools hold one in-process application, or out-of-process applications: the first one decides. */
export function poolConflict(
  first: ApplicationConfig,
  later: HostingConfig,
): { readonly subStatus: 34 | 35; readonly message: string } | null {
  if (first.hosting?.hostingModel === 'InProcess' && later.hostingModel === 'InProcess') {
    return { subStatus: 35, message: `pool ${first.pool} already hosts the in-process application ${first.id}` };
  }
  if (first.hosting?.hostingModel === later.hostingModel) return null;
  const other = first.hosting?.hostingModel === 'InProcess' ? 'in-process' : 'out-of-process';
  return { subStatus: 34, message: `pool ${first.pool} hosts ${first.id} ${other}; one pool has one hosting model` };
}
