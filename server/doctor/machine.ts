/** What `sluice doctor` asks of the machine: Node, rights, limits of the kernel, control groups, tools, the clock. */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { oldestHostNode } from '../../config/base/limits.js';
import { filesWanted, inotifyWatchesWanted, processesWanted } from '../../config/base/cli-limits.js';
import type { PoolConfig } from '../../config/model.js';
import { ownHardLimit, tools } from '../../pools/runtimes/isolation/tools.js';
import { listenBacklog } from '../../config/base/limits.js';
import { type Finding, ok, problem, warning } from './finding.js';

/** `pools`: of the configuration; [] when there is none that can be read. */
export function examineMachine(pools: readonly PoolConfig[], wallMs: number): readonly Finding[] {
  return [
    nodeVersion(process.versions.node),
    rights(pools),
    openFiles(ownHardLimit('Max open files')),
    processes(ownHardLimit('Max processes')),
    ...kernelSettings(),
    controlGroups(readText('/proc/self/mountinfo')),
    isolationTools(pools),
    clock(wallMs),
  ];
}

export function nodeVersion(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = oldestHostNode;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    const remedy = 'install Node 24 (long-term support) and start Sluice with it';
    return problem('node', `${version} is older than ${oldestMajor}.${oldestMinor}`, remedy);
  }
  if (major === oldestMajor) {
    return warning('node', `${version} gets no security fixes any more`, 'install Node 24; 22 and 26 are tested too');
  }
  return ok('node', version);
}

/** Bits of the kernel's capability sets. */
const capabilities = { CHOWN: 0, KILL: 5, SETGID: 6, SETUID: 7 } as const;

function rights(pools: readonly PoolConfig[]): Finding {
  const uid = process.getuid?.() ?? -1;
  const guarded = pools.filter(({ isolation }) => isolation !== 'process').map(({ name }) => name);
  if (uid !== 0) {
    const text = `user ${uid}: every pool runs under this user, none is protected from the others`;
    return warning('rights', text, 'run Sluice as root (it gives every pool a user of its own), or one tenant only');
  }
  const missing = missingCapabilities(readText('/proc/self/status'));
  if (missing.length === 0) return ok('rights', 'root, every pool gets a user of its own');
  const text = `root without ${missing.join(', ')}: workers cannot be given users of their own`;
  const remedy = `allow them (docker: --cap-add ${missing.join(' --cap-add ')}), or set isolation: process`;
  return guarded.length === 0 ? warning('rights', text, remedy) : problem('rights', text, remedy);
}

export function missingCapabilities(status: string): readonly string[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return Object.entries(capabilities)
    .filter(([, bit]) => ((effective >> BigInt(bit)) & 1n) === 0n)
    .map(([name]) => name);
}

export function openFiles(hard: number | null): Finding {
  const check = 'open files';
  if (hard === null || hard >= filesWanted) return ok(check, hard === null ? 'no limit' : `at most ${hard}`);
  const text = `at most ${hard} in one process: a listener holds about ${Math.floor(hard / 2)} connections`;
  const remedy = `raise the hard limit (systemd: LimitNOFILE=${filesWanted}; docker: --ulimit nofile=${filesWanted})`;
  return hard < 1_024 ? problem(check, text, remedy) : warning(check, text, remedy);
}

export function processes(hard: number | null): Finding {
  const check = 'processes';
  if (hard === null || hard >= processesWanted) return ok(check, hard === null ? 'no limit' : `at most ${hard}`);
  const text = `at most ${hard} processes and threads of one user`;
  return warning(check, text, `raise the hard limit (systemd: LimitNPROC=${processesWanted} or TasksMax=infinity)`);
}

function kernelSettings(): readonly Finding[] {
  return [
    atLeast('accept queue', 'net.core.somaxconn', listenBacklog, 'connections may wait to be accepted'),
    atLeast('file watches', 'fs.inotify.max_user_watches', inotifyWatchesWanted, 'folders can be watched for changes'),
  ];
}

function atLeast(check: string, name: string, wanted: number, what: string): Finding {
  const value = Number(readText(`/proc/sys/${name.replaceAll('.', '/')}`).trim());
  if (!(value > 0)) return ok(check, `${name} is not told here`);
  if (value >= wanted) return ok(check, `${value} ${what}`);
  return warning(check, `only ${value} ${what}`, `sysctl -w ${name}=${wanted}`);
}

/** Only looked at: nothing is made or moved. */
export function controlGroups(mountinfo: string): Finding {
  const check = 'control groups';
  const points = [...mountinfo.matchAll(/^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2? /gm)].map((match) => match[1] ?? '');
  const remedy = 'mount cgroup v2 writable and let Sluice have it (systemd: Delegate=yes; docker: --cgroupns=private)';
  if (points.length === 0) return warning(check, 'none are mounted: limits of pools do not act', remedy);
  const writable = points.filter(isWritable);
  const version = / - cgroup2 /.test(mountinfo) ? (points.length > 1 ? 'v1 and v2' : 'v2') : 'v1';
  if (writable.length === points.length) return ok(check, `${version}, writable`);
  if (writable.length > 0) return ok(check, `${version}, ${writable.length} of ${points.length} writable`);
  return warning(check, `${version}, read-only for this user: limits of pools do not act`, remedy);
}

function isolationTools(pools: readonly PoolConfig[]): Finding {
  const { bwrap, ...needed } = tools();
  const missing = Object.entries(needed)
    .filter(([, file]) => file === null)
    .map(([name]) => name);
  if (missing.length > 0) {
    return problem('tools', `${missing.join(', ')} missing`, 'install util-linux and coreutils');
  }
  const sandboxed = pools.find(({ isolation }) => isolation === 'sandbox');
  if (bwrap === null && sandboxed !== undefined) {
    const text = `bwrap is missing, and pool ${sandboxed.name} has isolation: sandbox`;
    return problem('tools', text, 'install bubblewrap');
  }
  return ok('tools', bwrap === null ? 'all but bwrap, which only isolation: sandbox needs' : 'all');
}

/** Certificates, tickets and schedules go by it. Files from the future mean that it was set back. */
function clock(wallMs: number): Finding {
  const check = 'clock';
  const text = new Date(wallMs).toISOString();
  const own = statSync(new URL(import.meta.url)).mtimeMs;
  const remedy = 'set it, and keep it right (systemd-timesyncd or chrony)';
  if (own > wallMs + 120_000) return problem(check, `${text} is before this version of Sluice was made`, remedy);
  const isKept = existsSync('/run/systemd/timesync/synchronized') || existsSync('/run/chrony/chronyd.pid');
  return ok(check, isKept ? `${text}, synchronised` : text);
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
