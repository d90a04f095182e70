/** Whether every address of the configuration can be bound; if not, who has it. */
import { SluiceError } from '../../config/base/errors.js';
import type { BindingConfig, CompiledConfig, SiteConfig } from '../../config/model.js';
import { readCommandLine, readProcesses, readSocketInodes } from '../../pools/runtimes/proc.js';
import { readListeners } from '../../pools/runtimes/out-of-process/listeners.js';
import { ListeningSockets, socketKey } from './sockets.js';
import { type Finding, ok, problem } from '../doctor/finding.js';

/** `ownPid`: the server of this configuration; 0 = it does not run. */
export function examinePorts(config: CompiledConfig, ownPid: number): readonly Finding[] {
  const wanted = new Map<string, { readonly site: SiteConfig; readonly binding: BindingConfig }>();
  for (const site of config.sites) {
    for (const binding of site.bindings) {
      const key = socketKey(binding.address, binding.port);
      if (!wanted.has(key)) wanted.set(key, { site, binding });
    }
  }
  return [...wanted].map(([key, { site, binding }]) => examine(key, { ...site, bindings: [binding] }, ownPid));
}

function examine(key: string, site: SiteConfig, ownPid: number): Finding {
  const check = `port ${key}`;
  const port = site.bindings[0]?.port ?? 0;
  try {
    // As a start does it, and nothing is ever accepted there.
    new ListeningSockets().prepare([site]).discard();
    return ok(check, 'free');
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    if (error.code !== 'address-in-use') return problem(check, error.message, error.remedy);
    const owners = ownersOf(port);
    if (ownPid > 0 && owners.includes(ownPid)) return ok(check, `held by this server (process ${ownPid})`);
    return problem(check, `taken by ${nameOf(owners)}`, `stop it, or choose another port for site ${site.name}`);
  }
}

/** Of those that we may look into. */
function ownersOf(port: number): readonly number[] {
  const inodes = readListeners('self')
    .filter((socket) => socket.port === port)
    .map(({ inode }) => inode);
  return readProcesses()
    .map(({ pid }) => pid)
    .filter((pid) => {
      const held = readSocketInodes([pid]);
      return inodes.some((inode) => held.has(inode));
    });
}

function nameOf([pid]: readonly number[]): string {
  if (pid === undefined) return 'a process that this user may not look at (ask as root)';
  const [program = ''] = readCommandLine(pid);
  return `process ${pid}${program === '' ? '' : ` (${program})`}`;
}
