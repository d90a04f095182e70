/** `sluice start`: loads the configuration, runs the server in the foreground and ends with it. */
import { resolve } from 'node:path';
import { pause } from '../../config/base/clock.js';
import { type Diagnostic, formatDiagnostic } from '../../config/base/diagnostics.js';
import { messageOf } from '../../config/base/errors.js';
import type { Isolation } from '../../config/model.js';
import { areOk } from '../admin/control-plane.js';
import type { LogLevel } from '../log/server-log.js';
import { boot, type RunningServer } from '../primary/boot.js';
import { systemClock } from '../primary/clock.js';
import { ConfigLoader, type LoadRequest } from '../primary/config-loader.js';
import { ServiceManager } from '../primary/service-manager.js';
import { Succession } from '../primary/upgrade/succession.js';
import { handleSignals, type SignalCommands } from '../primary/signals.js';
import { earlySignals } from './early-signals.js';
import { exitCode } from './exit-codes.js';
import { formatOverview } from './overview.js';

export interface StartArguments {
  readonly path: string;
  readonly isolation: Isolation | null;
  readonly lastGood: boolean;
  /** Application id -> what the overview shows instead of its state. */
  readonly notes: ReadonlyMap<string, string>;
}

/** How long the overview waits for pools that start with the server. */
const settleLimitMs = 5_000;
const settlePollMs = 25;
/** After a second signal: what has not ended by then is left to the guardian. */
const atOnceLimitMs = 2_000;
/** Nobody presses Ctrl-C twice within this time. */
const signalEchoMs = 250;

export async function start(options: StartArguments, version: string): Promise<number> {
  const request: LoadRequest = {
    path: resolve(options.path),
    overrides: options.isolation === null ? {} : { isolation: options.isolation },
    lastGood: options.lastGood,
  };
  const succession = Succession.of(process.env);
  const loader = new ConfigLoader(systemClock);
  const { config, diagnostics, document = null } = await loader.load(request);
  if (config === null) return refuse(diagnostics);
  let hasSucceeded: (pid: number) => void = () => undefined;
  const server = await boot({
    request,
    loader,
    config,
    document,
    version,
    terminal: printLine,
    level: levelFrom(process.env),
    succession,
    succeeded: (pid) => hasSucceeded(pid),
  });
  noteNodeVersion(server);
  const manager = new ServiceManager(systemClock, server.log, process.env);
  manager.ready(statusOf(server));
  hasSucceeded = (pid) => {
    // From now on only the new one is believed.
    manager.mainPid(pid);
    process.kill(process.pid, 'SIGTERM');
  };
  return runUntilStopped(server, manager, options.notes);
}

/** What `systemctl status` shows. */
function statusOf(server: RunningServer): string {
  const { sites, pools } = server.config();
  return `serving ${sites.length} sites from ${pools.length} pools`;
}

/** Problems go to the terminal; warnings of a good configuration come through the server's log. */
function refuse(diagnostics: readonly Diagnostic[]): number {
  for (const diagnostic of diagnostics) printLine(formatDiagnostic(diagnostic));
  printLine('sluice: not started');
  return exitCode.configuration;
}

async function runUntilStopped(
  server: RunningServer,
  manager: ServiceManager,
  notes: ReadonlyMap<string, string>,
): Promise<number> {
  let code: number = exitCode.ok;
  const stopped = new Promise<void>((ended) => {
    const commands: SignalCommands = {
      stop: (signal) => {
        server.log.info('signal', { signal });
        manager.stopping();
        server.stop().then(ended, (error: unknown) => {
          printLine(`sluice: ${messageOf(error)}`);
          code = exitCode.failed;
          ended();
        });
      },
      stopAtOnce: (signal) => {
        server.log.warn('signal', { signal, again: true });
        code = exitCode.failed;
        server.stopAtOnce();
        systemClock.setTimer(atOnceLimitMs, ended, true);
      },
      upgrade: () => {
        try {
          server.upgrade('SIGUSR2');
        } catch (error) {
          server.log.error('upgrade-refused', { error: messageOf(error) });
        }
      },
      reload: () => {
        manager.reloading();
        server
          .reload('SIGHUP')
          .catch((error: unknown) => server.log.error('reload-failed', { error: messageOf(error) }))
          .finally(() => manager.ready(statusOf(server)))
          .catch(() => undefined);
      },
    };
    const removeHandlers = handleSignals(commands, () => systemClock.monotonicMs(), npmEchoMs(process.env));
    const held = earlySignals?.();
    if (held?.has('SIGHUP') === true) commands.reload();
    if (held?.has('SIGUSR2') === true) commands.upgrade();
    const crash = (error: unknown): void => {
      // Our own books are wrong: nothing of it can be trusted to stop in order.
      server.log.error('internal-error', {
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
      code = exitCode.failed;
      server.stopAtOnce();
      removeHandlers();
      systemClock.setTimer(atOnceLimitMs, ended, true);
    };
    process.on('uncaughtException', crash);
  });
  await printOverview(server, notes);
  await stopped;
  return code;
}

/** The table comes once, when pools that start with the server are up (or do not come up). */
async function printOverview(server: RunningServer, notes: ReadonlyMap<string, string>): Promise<void> {
  const startedMs = systemClock.monotonicMs();
  const isReady = (): boolean => areOk(server.control.readiness());
  while (!isReady() && systemClock.monotonicMs() - startedMs < settleLimitMs) {
    await pause(systemClock, settlePollMs);
  }
  process.stdout.write(`\n${formatOverview(server.config(), server.control.pools(), notes)}\n\n`);
  const link = isForPeople(process.env) ? server.dashboardLink() : '';
  if (link !== '')
    process.stdout.write(`Dashboard: ${link}\n(signs in once; \`sluice admin link\` prints another)\n\n`);
}

/** A link signs in as admin: it must not end up in the journal of a service. */
function isForPeople(environment: NodeJS.ProcessEnv): boolean {
  return process.stdout.isTTY || environment['npm_lifecycle_event'] === 'start';
}

/** Our start script is npm's direct child; below other scripts and npx a shell keeps npm's copy to itself. */
function npmEchoMs(environment: NodeJS.ProcessEnv): number {
  return environment['npm_lifecycle_event'] === 'start' ? signalEchoMs : 0;
}

function printLine(line: string): void {
  process.stderr.write(`${line}\n`);
}

function levelFrom(environment: NodeJS.ProcessEnv): LogLevel {
  const wanted = environment['LOG_LEVEL'];
  return wanted === 'debug' || wanted === 'warn' || wanted === 'error' ? wanted : 'info';
}

function noteNodeVersion(server: RunningServer): void {
  if (!process.version.startsWith('v20.')) return;
  server.log.warn('node-end-of-life', {
    node: process.version,
    note: 'Node 20 gets no security fixes any more; Sluice runs on 22, 24 and 26 too',
  });
}
