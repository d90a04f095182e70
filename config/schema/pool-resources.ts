/** `cpu` of IIS, and the `resources` and `sandbox` settings that Linux adds. None of them acts yet. */
import { z } from 'zod';
import { setting } from './annotations.js';
import { size, text, timeSpan, uint } from './values.js';

export const cpu = z.strictObject({
  limit: setting(uint(0, 100_000).prefault(0), {
    description: 'Share of the machine in 1/1000 %: 25000 = 25 %. 0 = off.',
    unit: '1/1000 %',
    reload: 'live',
    acts: 'not-yet',
  }),
  action: setting(z.enum(['NoAction', 'KillW3wp', 'Throttle', 'ThrottleUnderLoad']).prefault('NoAction'), {
    description: 'What happens at the limit.',
    reload: 'live',
    acts: 'not-yet',
  }),
  resetInterval: setting(timeSpan().prefault('00:05:00'), {
    description: 'Window of NoAction and KillW3wp.',
    unit: 'hh:mm:ss',
    reload: 'live',
    acts: 'not-yet',
  }),
  smpAffinitized: setting(z.boolean().prefault(false), {
    description: 'Use the processor masks.',
    reload: 'recycle',
    acts: 'not-yet',
  }),
  smpProcessorAffinityMask: setting(uint(1).prefault(4_294_967_295), {
    description: 'Processors 0 to 31.',
    reload: 'recycle',
    acts: 'not-yet',
  }),
  smpProcessorAffinityMask2: setting(uint(1).prefault(4_294_967_295), {
    description: 'Processors 32 to 63.',
    reload: 'recycle',
    acts: 'not-yet',
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
    description: 'Memory at which the kernel kills in this pool.',
    unit: 'bytes',
    reload: 'live',
    acts: 'not-yet',
  }),
  memoryHigh: setting(size().optional(), {
    description: 'Memory at which the pool is slowed down.',
    unit: 'bytes',
    reload: 'live',
    acts: 'not-yet',
  }),
  cpuWeight: setting(uint(1, 10_000).prefault(100), {
    description: 'Share of the CPU when pools compete.',
    reload: 'live',
    acts: 'not-yet',
  }),
  pidsMax: setting(uint(1, 4_194_304).prefault(1_024), {
    description: 'Processes and threads of the pool.',
    reload: 'live',
    acts: 'not-yet',
  }),
  openFiles: setting(uint(64, 1_048_576).optional(), {
    description: 'Open files per process.',
    reload: 'recycle',
    acts: 'not-yet',
  }),
  processes: setting(uint(1, 4_194_304).optional(), {
    description: 'Processes and threads per user id.',
    reload: 'recycle',
    acts: 'not-yet',
  }),
  fileSize: setting(size().optional(), {
    description: 'Largest file that a worker may write.',
    unit: 'bytes',
    reload: 'recycle',
    acts: 'not-yet',
  }),
});

export const sandbox = z.strictObject({
  writablePaths: setting(z.array(text()).max(100).prefault([]), {
    description: 'Folders that a sandboxed pool may write.',
    reload: 'recycle',
    acts: 'not-yet',
  }),
  privateNetwork: setting(z.boolean().prefault(false), {
    description: 'A network of its own without any address but loopback.',
    reload: 'recycle',
    acts: 'not-yet',
  }),
});
