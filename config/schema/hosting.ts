/**
 * `hosting` of an application: the attributes of system.webServer/aspNetCore under their own names, and
 * what Sluice adds. A web.config is checked by the same entries.
 */
import { z } from 'zod';
import { recycleFilesMax, requestTimeoutMsMax } from '../base/limits.js';
import { setting } from './annotations.js';
import { environmentVariables, text, timeSpan, seconds, uint } from './values.js';

const hostingModel = z.string().transform((value, context): 'InProcess' | 'OutOfProcess' => {
  if (value.toLowerCase() === 'inprocess') return 'InProcess';
  if (value.toLowerCase() === 'outofprocess') return 'OutOfProcess';
  context.issues.push({ code: 'custom', message: 'hostingModel is InProcess or OutOfProcess', input: value });
  return z.NEVER;
});

const healthCheck = z.strictObject({
  path: setting(
    text(2_048)
      .refine((path) => /^\/[!-~]*$/.test(path), { error: 'a path begins with / and is percent-encoded ASCII' })
      .prefault('/'),
    { description: 'Path below the application. A status below 500 is healthy.', reload: 'recycle' },
  ),
  interval: setting(timeSpan({ min: 1_000 }).prefault('00:00:30'), {
    description: 'Time between two checks.',
    unit: 'hh:mm:ss',
    reload: 'recycle',
  }),
  timeout: setting(timeSpan({ min: 1_000 }).prefault('00:00:10'), {
    description: 'Time to answer.',
    unit: 'hh:mm:ss',
    reload: 'recycle',
  }),
  failures: setting(uint(1, 100).prefault(3), {
    description: 'Failures in a row that replace the process.',
    reload: 'recycle',
  }),
});

/** The attributes of the aspNetCore element. */
export const aspNetCoreAttributes = {
  hostingModel: setting(hostingModel.optional(), {
    description:
      'InProcess: the app runs inside the pool’s Node worker (Node apps only). OutOfProcess: any program that serves HTTP on the port it is given. ' +
      'Absent: OutOfProcess with `processPath`, otherwise what detection finds.',
    reload: 'recycle',
  }),
  processPath: setting(text().min(1).optional(), {
    description: 'The program; relative to the application’s folder, else looked up in PATH. %NAME% is expanded.',
    reload: 'recycle',
  }),
  arguments: setting(text(32_768).prefault(''), {
    description:
      'Its arguments, split by the Windows command-line rules, never by a shell. In-process: options for node, the entry (TypeScript where the pool’s Node strips types), arguments.',
    reload: 'recycle',
  }),
  environmentVariables: setting(environmentVariables().optional(), {
    description: 'Variables of the application’s processes: a map, or a list of name and value.',
    reload: 'recycle',
  }),
  processesPerApplication: setting(uint(1, 100).prefault(1), {
    description:
      'Out-of-process: processes per worker slot, started as load asks for them. One where ASPNETCORE_PORT is set.',
    unit: 'processes',
    reload: 'recycle',
  }),
  startupTimeLimit: setting(seconds({ max: 3_600_000 }).prefault(120), {
    description: 'Time until the application listens.',
    unit: 'seconds',
    reload: 'recycle',
  }),
  shutdownTimeLimit: setting(seconds({ max: 600_000 }).prefault(10), {
    description: 'Time between asking the process to stop and killing it.',
    unit: 'seconds',
    reload: 'recycle',
  }),
  requestTimeout: setting(timeSpan({ max: requestTimeoutMsMax }).optional(), {
    description:
      'Time without progress of one exchange with the process (each operation, not the whole request). Default: 00:02:00 out-of-process, off in-process.',
    unit: 'hh:mm:ss',
    reload: 'recycle',
  }),
  rapidFailsPerMinute: setting(uint(0, 100).prefault(10), {
    description:
      'Out-of-process: failures per minute above which the application answers 502.5 until the minute is over.',
    unit: 'failures',
    reload: 'recycle',
  }),
  stdoutLogEnabled: setting(z.boolean().prefault(false), {
    description: 'Write the output of the process to `stdoutLogFile`.',
    reload: 'recycle',
  }),
  stdoutLogFile: setting(text().min(1).prefault('.\\aspnetcore-stdout'), {
    description:
      'Start of the log file’s name, relative to the application’s folder; time, process id and .log are added.',
    reload: 'recycle',
  }),
  disableStartUpErrorPage: setting(z.boolean().prefault(false), {
    description: 'Answer a failed start with its status and no body.',
    reload: 'recycle',
  }),
  forwardWindowsAuthToken: setting(z.boolean().prefault(true), {
    description: 'IIS only.',
    reload: 'recycle',
    acts: 'not-here',
  }),
} as const;

/** handlerSettings that act; the others are only for IIS and are mentioned once. */
export const handlerSettings = z.strictObject({
  forwardResponseConnectionHeader: setting(z.boolean().prefault(false), {
    description: 'Out-of-process: a `Connection: close` of the process ends the client’s connection too.',
    reload: 'live',
  }),
  enableOutOfProcessConsoleRedirection: setting(z.boolean().prefault(true), {
    description: 'Out-of-process: read the output of the process. false = it goes nowhere, also when a start fails.',
    reload: 'recycle',
  }),
  disallowRotationOnConfigChange: setting(z.boolean().prefault(false), {
    description: 'A change of the application’s configuration holds from the next start on and replaces no process.',
    reload: 'live',
  }),
});

/** What YAML `hosting` may say beside them. */
const ownAttributes = {
  port: setting(uint(0, 65_535).prefault(0), {
    description: 'In-process: the port whose server is the application. 0 = the value of PORT, else the first server.',
    reload: 'recycle',
  }),
  socket: setting(z.enum(['tcp', 'unix']).prefault('tcp'), {
    description:
      'Out-of-process: how the process is reached. unix: PORT holds the path of a socket to listen on; ASP.NET Core needs no change.',
    reload: 'recycle',
  }),
  startupRetryCount: setting(uint(0, 100).prefault(1), {
    description: 'Out-of-process: how often a start that failed is repeated at once (httpPlatform’s name).',
    unit: 'times',
    reload: 'recycle',
  }),
  webSocket: setting(z.boolean().prefault(true), {
    description:
      'false: an upgrade to WebSocket goes on as a plain request, as with `<webSocket enabled="false" />` in web.config.',
    reload: 'recycle',
  }),
  handlerSettings: setting(handlerSettings.prefault({}), {
    description: 'Settings of the module’s handler, by their names in web.config.',
    reload: 'recycle',
  }),
  recycleOnFileChange: setting(z.array(text(1_024).min(1)).max(recycleFilesMax).prefault([]), {
    description: 'Files, relative to the application’s folder, whose change recycles the pool.',
    reload: 'recycle',
  }),
  protocol: setting(z.enum(['http1', 'h2c']).prefault('http1'), {
    description:
      'Out-of-process: what is spoken to the process. h2c: HTTP/2 with prior knowledge, as gRPC needs it; every request goes over it.',
    reload: 'recycle',
  }),
  healthCheck: setting(healthCheck.optional(), {
    description: 'Out-of-process: a request of Sluice’s own that must be answered. Default: none.',
    reload: 'recycle',
  }),
  ignoreSections: setting(z.array(text(200).min(1)).max(100).prefault([]), {
    description:
      'web.config sections that restrict access and are not implemented, and that this application does without: ipSecurity, rewrite/rules ... With tracing the rules there do not act.',
    reload: 'recycle',
  }),
  forwardedPort: setting(z.enum(['auto', 'always', 'never']).prefault('auto'), {
    description: 'Whether X-Forwarded-For holds the client’s port; auto = for .NET applications.',
    reload: 'live',
  }),
  forwardedFor: setting(z.enum(['replace', 'append']).prefault('replace'), {
    description: 'replace: one value, the client. append: the list that came, and the client.',
    reload: 'live',
  }),
} as const;

export const hostingSettings = z.strictObject({ ...aspNetCoreAttributes, ...ownAttributes });
