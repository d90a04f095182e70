/** `applicationPools` and `applicationPoolDefaults` (system.applicationHost/applicationPools of IIS). */
import { z } from 'zod';
import { setting } from './annotations.js';
import { cpu, nodePermissions, resources, sandbox } from './pool-resources.js';
import { failure, processModel, recycling } from './pool-process.js';
import { environmentVariables, hasControls, text, uint } from './values.js';

const poolNameBad = /[&/\\:*?|"<>[\]+=;,@]/;

/** IIS's rule for pool names. */
export const poolName = z
  .string()
  .min(1)
  .max(64)
  .refine((name) => !poolNameBad.test(name) && name.trim() === name && !hasControls(name), {
    error: 'a pool name has 1 to 64 characters, none of & / \\ : * ? | " < > [ ] + = ; , @, and no outer spaces',
  });

/** Everything of a pool but its name: what `applicationPoolDefaults` may set as well. */
export const poolSettings = z.strictObject({
  autoStart: setting(z.boolean().prefault(true), {
    description: 'Start the pool when Sluice starts. With false it stays stopped (503) until it is started by hand.',
    reload: 'live',
  }),
  startMode: setting(z.enum(['OnDemand', 'AlwaysRunning']).prefault('OnDemand'), {
    description:
      'OnDemand starts workers with the first request. AlwaysRunning starts them with the pool and again after each recycle or crash.',
    reload: 'live',
  }),
  queueLength: setting(uint(10, 65_535).prefault(1_000), {
    description: 'Requests that may wait for a worker of this pool. Beyond it: 503 with Retry-After.',
    unit: 'requests',
    reload: 'live',
  }),
  isolation: setting(z.enum(['process', 'user', 'sandbox']).optional(), {
    description:
      'What separates this pool from the others: a process of its own, a user id of its own (needs root), or also a view of ' +
      'the machine of its own (needs bubblewrap). Default: user when started as root, else process.',
    reload: 'recycle',
  }),
  nodePath: setting(text().min(1).optional(), {
    description:
      'The Node that runs in-process applications of this pool: a path, of Node 20.19 or newer. Default: the Node that runs Sluice.',
    reload: 'recycle',
  }),
  environmentVariables: setting(environmentVariables().optional(), {
    description: 'Variables of every worker of the pool; an application adds to them and overrides them by name.',
    reload: 'recycle',
  }),
  affinity: setting(z.enum(['none', 'cookie']).prefault('none'), {
    description:
      'cookie: a client stays with the worker that served it first, and with its successor after a recycle. socket.io with ' +
      'polling and Blazor Server need it with more than one worker.',
    reload: 'live',
  }),
  processModel: setting(processModel.prefault({}), {
    description: 'Number of workers, identity, idle, start-up, shutdown and ping limits.',
    reload: 'recycle',
  }),
  recycling: setting(recycling.prefault({}), {
    description: 'When workers are replaced, and how.',
    reload: 'live',
  }),
  failure: setting(failure.prefault({}), {
    description: 'Rapid-fail protection and hang detection.',
    reload: 'live',
  }),
  cpu: setting(cpu.prefault({}), { description: 'CPU limit of the pool.', reload: 'live' }),
  resources: setting(resources.prefault({}), {
    description: 'Memory, process and file limits of the pool.',
    reload: 'recycle',
  }),
  sandbox: setting(sandbox.prefault({}), { description: 'What a sandboxed pool may reach.', reload: 'recycle' }),
  nodePermissions: setting(nodePermissions.prefault({}), {
    description: 'Node’s own permission model for in-process applications.',
    reload: 'recycle',
  }),
  enableConfigurationOverride: setting(z.boolean().prefault(true), {
    description: 'With false, the web.config files of the pool’s applications are not read at all.',
    reload: 'recycle',
  }),
  enable32BitAppOnWin64: setting(z.boolean().prefault(false), {
    description: 'IIS only.',
    reload: 'recycle',
    acts: 'not-here',
  }),
  managedRuntimeVersion: setting(z.string().prefault(''), {
    description: 'IIS only: the .NET Framework version.',
    reload: 'recycle',
    acts: 'not-here',
  }),
  managedPipelineMode: setting(z.enum(['Integrated', 'Classic']).prefault('Integrated'), {
    description: 'IIS only.',
    reload: 'recycle',
    acts: 'not-here',
  }),
  managedRuntimeLoader: setting(z.string().prefault('webengine4.dll'), {
    description: 'IIS only.',
    reload: 'recycle',
    acts: 'not-here',
  }),
  CLRConfigFile: setting(z.string().prefault(''), { description: 'IIS only.', reload: 'recycle', acts: 'not-here' }),
  passAnonymousToken: setting(z.boolean().prefault(true), {
    description: 'IIS only.',
    reload: 'recycle',
    acts: 'not-here',
  }),
});
