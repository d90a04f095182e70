/** `cpu` of IIS, and the `resources`, `sandbox` and `nodePermissions` settings that are ours. */
import { z } from 'zod';
import { setting } from './annotations.js';
import { size, text, timeSpan, uint } from './values.js';

export const cpu = z.strictObject({
  limit: setting(uint(0, 100_000).prefault(0), {
    description: 'Share of the machine in 1/1000 %: 25000 = 25 %. 0 = off.',
    unit: '1/1000 %',
    reload: 'live',
  }),
  action: setting(z.enum(['NoAction', 'KillW3wp', 'Throttle', 'ThrottleUnderLoad']).prefault('NoAction'), {
    description:
      'What happens at the limit. Throttle is a hard limit, ThrottleUnderLoad a small share of a busy machine; NoAction only logs, KillW3wp ends the workers, both when the pool used more than its share of a whole resetInterval.',
    reload: 'live',
  }),
  resetInterval: setting(timeSpan().prefault('00:05:00'), {
    description: 'Window of NoAction and KillW3wp. 00:00:00 = they do not look.',
    unit: 'hh:mm:ss',
    reload: 'live',
  }),
  smpAffinitized: setting(z.boolean().prefault(false), {
    description: 'Use the processor masks.',
    reload: 'recycle',
  }),
  smpProcessorAffinityMask: setting(uint(1).prefault(4_294_967_295), {
    description: 'Processors 0 to 31.',
    reload: 'recycle',
  }),
  smpProcessorAffinityMask2: setting(uint(1).prefault(4_294_967_295), {
    description: 'Processors 32 to 63.',
    reload: 'recycle',
  }),
  processorGroup: setting(uint().prefault(0), { description: 'IIS only.', reload: 'recycle', acts: 'not-here' }),
  numaNodeAssignment: setting(
    z.enum(['Most Available Memory', 'Windows Scheduling']).prefault('Most Available Memory'),
    {
      description: 'IIS only.',
      reload: 'recycle',
      acts: 'not-here',
    },
  ),
  numaNodeAffinityMode: setting(z.enum(['Soft', 'Hard']).prefault('Soft'), {
    description: 'IIS only.',
    reload: 'recycle',
    acts: 'not-here',
  }),
});

export const resources = z.strictObject({
  memoryMax: setting(size().optional(), {
    description: 'Memory of the pool at which the kernel kills in it.',
    unit: 'bytes',
    reload: 'live',
  }),
  memoryHigh: setting(size().optional(), {
    description: 'Memory at which the pool is slowed down and its memory taken back (cgroup v2; on v1 a soft limit).',
    unit: 'bytes',
    reload: 'live',
  }),
  cpuWeight: setting(uint(1, 10_000).prefault(100), {
    description: 'Share of the CPU when pools compete.',
    reload: 'live',
  }),
  pidsMax: setting(uint(1, 4_194_304).prefault(1_024), {
    description: 'Processes and threads of the pool.',
    reload: 'live',
  }),
  openFiles: setting(uint(64, 1_048_576).optional(), {
    description: 'Open files per process; never more than Sluice itself may have.',
    reload: 'recycle',
  }),
  processes: setting(uint(1, 4_194_304).optional(), {
    description:
      'Processes and threads of the pool’s user. Default: 512 for each worker where the user id is the pool’s own.',
    reload: 'recycle',
  }),
  fileSize: setting(size().optional(), {
    description: 'Largest file that a worker may write.',
    unit: 'bytes',
    reload: 'recycle',
  }),
});

export const sandbox = z.strictObject({
  writablePaths: setting(z.array(text()).max(100).prefault([]), {
    description:
      'Folders and files that a sandboxed pool may write beside its own home and temp folder, absolute or relative to the application’s folder. They must exist.',
    reload: 'recycle',
  }),
  privateNetwork: setting(z.boolean().prefault(false), {
    description:
      'A network of its own without any address but loopback; out-of-process applications are then reached over a unix socket.',
    reload: 'recycle',
  }),
});

const granted = (what: string) =>
  setting(z.boolean().prefault(false), { description: `Whether ${what}.`, reload: 'recycle' });

const paths = (what: string) =>
  setting(z.array(text().min(1)).max(100).prefault([]), {
    description: `Folders and files that may be ${what} beside those that every application needs, absolute or relative to the application’s folder.`,
    reload: 'recycle',
  });

export const nodePermissions = z.strictObject({
  enabled: setting(z.boolean().prefault(false), {
    description:
      'Run in-process applications under Node’s permission model (`--permission`). Needs Node 22.13 or newer.',
    reload: 'recycle',
  }),
  fsRead: paths('read'),
  fsWrite: paths('written'),
  childProcess: granted('child processes may be started'),
  worker: granted('worker threads may be started'),
  addons: granted('native add-ons may be loaded'),
});
