/** Server-wide settings: defaults that depend on the machine, folders, addresses. */
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { socketPathBytesMax } from '../base/limits.js';
import { type Environment } from '../load/expand.js';
import { nodeAt, type Path } from '../load/source.js';
import type { ServerConfig } from '../model.js';
import type { ServerSettings } from '../schema/root.js';
import { compileAcme } from './acme.js';
import { compileAdmin } from './admin.js';
import { parseAddressBlock } from './addresses.js';
import { defaultFolders, type Folders } from './default-folders.js';
import { compileAccessLog } from './logs.js';
import { compileTelemetry } from './tracing.js';
import type { Report } from './report.js';

const listenersMax = 4;
/** `/l/0123abcd.sock` and `/w/0123abcd/` with a short name: what is made below runDir. */
const socketNameBytes = 24;

export function compileServer(
  settings: ServerSettings,
  report: Report,
  file: string,
  environment: Environment,
  uid: number,
): ServerConfig {
  const defaults = defaultFolders(file, environment, uid);
  const folder = (name: keyof Folders): string => {
    const written = settings[name];
    return written === undefined ? defaults[name] : resolve(fileOf(report, [name]), written);
  };
  const runDir = folder('runDir');
  checkSocketPath(join(runDir, 'x'.repeat(socketNameBytes - 1)), runDir, ['runDir'], report);
  const { first, last } = settings.identityRange;
  if (last < first) {
    report.at(['identityRange', 'last'], {
      code: 'out-of-range',
      message: `identityRange.last is less than identityRange.first (${first})`,
    });
  }
  return {
    listeners: settings.listeners ?? Math.min(availableParallelism(), listenersMax),
    runDir,
    stateDir: folder('stateDir'),
    logDir: folder('logDir'),
    admin: compileAdmin(settings, report, runDir, (path, at) => checkSocketPath(path, path, at, report)),
    identityRange: { first, last },
    trustedProxies: trustedProxies(settings, report),
    underscoresInHeaders: settings.underscoresInHeaders,
    accessLog: compileAccessLog(settings),
    telemetry: compileTelemetry(settings),
    logBudgetBytes: settings.logBudget,
    metrics: settings.metrics,
    webLimits: {
      headerWaitTimeoutMs: settings.webLimits.headerWaitTimeout,
      minBytesPerSecond: settings.webLimits.minBytesPerSecond,
      maxHandshakesPerSecond: settings.webLimits.maxHandshakesPerSecond,
      maxConnectionsPerAddress: settings.webLimits.maxConnectionsPerAddress,
    },
    shutdownTimeLimitMs: settings.shutdownTimeLimit,
    drainDelayMs: settings.drainDelay,
    startConcurrency: settings.startConcurrency === 0 ? availableParallelism() : settings.startConcurrency,
    memoryBudgetBytes: settings.memoryBudget ?? 0,
    watch: settings.watch,
    acme: compileAcme(settings.acme, report),
  };
}

function fileOf(report: Report, path: Path): string {
  return dirname(nodeAt(report.root, path)?.place.file ?? report.root.place.file);
}

function checkSocketPath(path: string, shown: string, at: Path, report: Report): void {
  if (Buffer.byteLength(path) <= socketPathBytesMax) return;
  report.at(at, {
    code: 'socket-path-too-long',
    message: `${shown} is too long for unix sockets (with their names it would have ${Buffer.byteLength(path)} bytes; at most ${socketPathBytesMax})`,
    remedy: at[0] === 'runDir' ? 'set runDir to a shorter folder' : 'use a shorter path',
  });
}

function trustedProxies(settings: ServerSettings, report: Report): readonly string[] {
  return settings.trustedProxies.map((text, index) => {
    const parsed = parseAddressBlock(text);
    if (parsed.ok) return parsed.value;
    report.at(['trustedProxies', index], { code: 'bad-address', message: parsed.message });
    return text;
  });
}
