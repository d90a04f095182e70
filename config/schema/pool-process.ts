/** `processModel`, `recycling` and `failure` of a pool. */
import { z } from 'zod';
import { setting } from './annotations.js';
import { recycleFilesMax } from '../base/limits.js';
import { dayMs } from '../base/units.js';
import type { RecycleFlag } from '../model.js';
import { flags, text, timeSpan, uint } from './values.js';

const recycleFlags = [
  'Time',
  'Requests',
  'Schedule',
  'Memory',
  'IsapiUnhealthy',
  'OnDemand',
  'ConfigChange',
  'PrivateMemory',
] as const satisfies readonly RecycleFlag[];

const identityTypes = [
  'ApplicationPoolIdentity',
  'SpecificUser',
  'LocalSystem',
  'LocalService',
  'NetworkService',
] as const;

export const processModel = z.strictObject({
  maxProcesses: setting(uint(0, 256).prefault(1), {
    description: 'Workers per application. 0 = one per core.',
    unit: 'processes',
    reload: 'recycle',
  }),
  maxConcurrentRequests: setting(uint(1, 65_535).prefault(1_024), {
    description: 'Requests in flight per worker; more wait in the queue. WebSocket tunnels do not count.',
    unit: 'requests',
    reload: 'live',
  }),
  idleTimeout: setting(timeSpan().prefault('00:20:00'), {
    description: 'A worker without requests for this long is stopped; the next request starts it. 00:00:00 = never.',
    unit: 'hh:mm:ss',
    reload: 'live',
  }),
  idleTimeoutAction: setting(z.enum(['Terminate', 'Suspend']).prefault('Terminate'), {
    description:
      'What happens to an idle worker. Suspend: its processes are stopped by a signal and their memory is given back where the kernel can (the start log says whether); the next request wakes them. It still counts as a worker.',
    reload: 'live',
  }),
  startupTimeLimit: setting(timeSpan({ min: 1_000 }).prefault('00:01:30'), {
    description: 'Time from spawn until the worker reports to Sluice; else it is killed and counted as a failure.',
    unit: 'hh:mm:ss',
    reload: 'live',
  }),
  shutdownTimeLimit: setting(timeSpan({ min: 1_000 }).prefault('00:01:30'), {
    description: 'Time that a replaced or stopped worker has to finish its requests before it is killed.',
    unit: 'hh:mm:ss',
    reload: 'live',
  }),
  pingingEnabled: setting(z.boolean().prefault(true), {
    description: 'Ping workers; one that does not answer is replaced.',
    reload: 'live',
  }),
  pingInterval: setting(timeSpan({ min: 1_000 }).prefault('00:00:30'), {
    description: 'Time between two pings.',
    unit: 'hh:mm:ss',
    reload: 'live',
  }),
  pingResponseTime: setting(timeSpan({ min: 1_000 }).prefault('00:01:30'), {
    description: 'Time that a worker has to answer a ping.',
    unit: 'hh:mm:ss',
    reload: 'live',
  }),
  compileCache: setting(z.boolean().prefault(true), {
    description:
      'In-process: Node keeps what it has compiled of the application in a folder of the pool, so that the next start is quicker. Needs Node 22.8.',
    reload: 'recycle',
  }),
  spareHost: setting(z.boolean().prefault(false), {
    description:
      'In-process: one process more stands ready, with Node started and nothing of the application loaded, and becomes the next worker.',
    reload: 'live',
  }),
  identityType: setting(z.enum(identityTypes).prefault('ApplicationPoolIdentity'), {
    description:
      'ApplicationPoolIdentity: a user id of the pool’s own. SpecificUser: `userName`. The other values of IIS act as ApplicationPoolIdentity.',
    reload: 'recycle',
  }),
  userName: setting(text(256).min(1).optional(), {
    description: 'A user of this machine whose identity the workers take (identityType SpecificUser).',
    reload: 'recycle',
  }),
  password: setting(text(256).optional(), {
    description: 'IIS only: Linux takes an identity without a password.',
    reload: 'recycle',
    acts: 'not-here',
    secret: true,
  }),
  loadUserProfile: setting(z.boolean().prefault(true), {
    description: 'HOME is always set to a folder of the pool’s own.',
    reload: 'recycle',
    acts: 'not-here',
  }),
  setProfileEnvironment: setting(z.boolean().prefault(true), {
    description: 'USER, LOGNAME and HOME are always set.',
    reload: 'recycle',
    acts: 'not-here',
  }),
  logonType: setting(z.enum(['LogonBatch', 'LogonService']).prefault('LogonBatch'), {
    description: 'IIS only.',
    reload: 'recycle',
    acts: 'not-here',
  }),
  manualGroupMembership: setting(z.boolean().prefault(false), {
    description: 'IIS only.',
    reload: 'recycle',
    acts: 'not-here',
  }),
  logEventOnProcessModel: setting(flags(['IdleTimeout']).prefault('IdleTimeout'), {
    description:
      'IdleTimeout: idle stops and suspensions are logged with the event id of IIS (5186). Empty: nothing is.',
    reload: 'live',
  }),
  requestQueueDelegatorIdentity: setting(z.string().prefault(''), {
    description: 'IIS only.',
    reload: 'recycle',
    acts: 'not-here',
  }),
});

const periodicRestart = z.strictObject({
  time: setting(timeSpan({ max: 10_000 * dayMs }).prefault('1.05:00:00'), {
    description: 'Age at which a worker is replaced. 00:00:00 = never.',
    unit: 'hh:mm:ss',
    reload: 'live',
  }),
  requests: setting(uint().prefault(0), {
    description: 'Number of requests after which a worker is replaced. 0 = never.',
    unit: 'requests',
    reload: 'live',
  }),
  memory: setting(uint().prefault(0), {
    description:
      'Resident and swapped memory of a worker and its children at which it is replaced (IIS measures virtual memory, which says nothing about Node or .NET). 0 = never.',
    unit: 'KB',
    reload: 'live',
  }),
  privateMemory: setting(uint().prefault(0), {
    description: 'Private memory of a worker and its children, swapped out or not, at which it is replaced. 0 = never.',
    unit: 'KB',
    reload: 'live',
  }),
  schedule: setting(
    z
      .array(timeSpan({ max: dayMs - 1_000 }))
      .max(1_440)
      .refine((times) => new Set(times).size === times.length, { error: 'a time of day may stand there once' })
      .prefault([]),
    {
      description:
        'Times of day, in the time zone of the machine, at which the workers are replaced: `[ "03:30:00" ]`.',
      unit: 'hh:mm:ss',
      reload: 'live',
    },
  ),
});

export const recycling = z.strictObject({
  disallowOverlappingRotation: setting(z.boolean().prefault(false), {
    description: 'With true the old worker is gone before the new one starts; requests wait in the queue meanwhile.',
    reload: 'live',
  }),
  disallowRotationOnConfigChange: setting(z.boolean().prefault(false), {
    description: 'With true a changed pool setting waits for the next start of a worker instead of replacing it.',
    reload: 'live',
  }),
  logEventOnRecycle: setting(flags(recycleFlags).prefault(recycleFlags.join(',')), {
    description:
      'Causes of recycles that are logged when they arise, with the event id of IIS. What a recycle did is always logged.',
    reload: 'live',
  }),
  rolling: setting(z.boolean().prefault(true), {
    description:
      'Several workers of an application are replaced one after the other; when a new one does not start, the others stay. ' +
      'false: all at once.',
    reload: 'live',
  }),
  restartFile: setting(text().prefault('tmp/restart.txt'), {
    description:
      'Touching this file in an application’s folder replaces its workers, whatever disallowRotationOnConfigChange says. Empty: no such file.',
    reload: 'live',
  }),
  fileChange: setting(z.array(text(1_024).min(1)).max(recycleFilesMax).prefault([]), {
    description: 'Files, relative to an application’s folder, whose change replaces its workers.',
    reload: 'live',
  }),
  periodicRestart: setting(periodicRestart.prefault({}), {
    description: 'Limits at which a worker is replaced by a new one.',
    reload: 'live',
  }),
});

export const failure = z.strictObject({
  rapidFailProtection: setting(z.boolean().prefault(true), {
    description:
      'Stop the pool (503) when its workers fail too often. false also switches rapidFailsPerMinute of its applications off.',
    reload: 'live',
  }),
  rapidFailProtectionInterval: setting(timeSpan({ min: 1_000 }).prefault('00:05:00'), {
    description: 'The window in which failures are counted.',
    unit: 'hh:mm:ss',
    reload: 'live',
  }),
  rapidFailProtectionMaxCrashes: setting(uint(1, 2_147_483_647).prefault(5), {
    description: 'The failure in the window that stops the pool.',
    unit: 'failures',
    reload: 'live',
  }),
  rapidFailProbe: setting(timeSpan().prefault('00:05:00'), {
    description: 'Time after which a stopped pool tries one worker again. 00:00:00 = never, as IIS.',
    unit: 'hh:mm:ss',
    reload: 'live',
  }),
  hangDetection: setting(timeSpan().prefault('00:00:10'), {
    description: 'An in-process worker with requests and no sign of life for this long is replaced. 00:00:00 = off.',
    unit: 'hh:mm:ss',
    reload: 'live',
  }),
  loadBalancerCapabilities: setting(z.enum(['HttpLevel', 'TcpLevel']).prefault('HttpLevel'), {
    description: 'HttpLevel answers 503 when the pool cannot serve; TcpLevel drops the connection.',
    reload: 'live',
    acts: 'not-yet',
  }),
  orphanWorkerProcess: setting(z.boolean().prefault(false), {
    description:
      'Leave a worker that does not respond (ping, hangDetection, healthCheck) alone for inspection instead of killing it; a new one takes over. At most 4 of a pool at a time; they end with Sluice.',
    reload: 'live',
  }),
  orphanActionExe: setting(text().prefault(''), {
    description: 'Program that is run, as the user of Sluice, for each worker left so.',
    reload: 'live',
  }),
  orphanActionParams: setting(text().prefault(''), {
    description: 'Its arguments; %1% is the process id.',
    reload: 'live',
  }),
  autoShutdownExe: setting(text().prefault(''), {
    description: 'Program that is run, as the user of Sluice, when rapid-fail protection stops the pool.',
    reload: 'live',
  }),
  autoShutdownParams: setting(text().prefault(''), { description: 'Its arguments.', reload: 'live' }),
});
