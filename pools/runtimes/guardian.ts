/**
 * A tiny process that outlives the primary for a moment: it reads the list of process groups from a
 * pipe that only the primary holds, and when the pipe ends it kills every group that is left, and with the
 * workers' control groups whatever left its process group.
 * So a primary that dies by SIGKILL leaves no grandchildren; direct children die by their own
 * parent-death signal. It is a shell script, because it must be small and must not fail.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { earlierGuardianWaitMs, userSweepsMax } from '../../config/base/limits.js';
import type { Logger } from '../../config/base/logger.js';
import { systemPath } from '../../config/base/system-path.js';
import { isAlive, readCommandLine, readProcesses, readUsers } from './proc.js';

export interface Guardian {
  /** From now on this process group dies with the primary. */
  watch(group: number): void;
  forget(group: number): void;
  /** From now on every process of this user id dies with the primary. Only for ids nobody else uses. */
  watchUser(uid: number): void;
  /**
   * While another primary of this instance runs workers under the same ids, nothing is killed by user id: it would hit
   * the other's workers too.
   */
  shareUsers(areShared: boolean): void;
  /** From now on all of this control group dies with the primary: what it has started and not yet told. */
  watchOwnGroup(folder: string): void;
  /** Ends the guardian; what is still watched is killed. Resolves when it has exited. */
  close(): Promise<void>;
}

/**
 * Signals that end a terminal session must not end the guardian before the pipe does. What a user left may
 * kill the process that would kill it, so /proc is read afterwards and the rest killed by pid, again and again.
 */
const script = `
trap '' HUP INT QUIT TERM
groups=' ' users=' ' own=''
while read -r verb id; do
  case "$verb" in
    +) groups="$groups$id " ;;
    -) case "$groups" in *" $id "*) groups="\${groups%% $id *} \${groups#* $id }" ;; esac ;;
    u) users="$users$id " ;;
    U) users=' ' ;;
    c) own=$id ;;
  esac
done
for id in $groups; do kill -s KILL -- "-$id"; done
round=0 left=1
[ -n "$own" ] || left=0
while [ "$left" -gt 0 ] && [ "$round" -lt ${userSweepsMax} ]; do
  left=0
  while read -r pid; do
    [ "$pid" = "$$" ] || { kill -s KILL "$pid" && left=1; }
  done <"$own/cgroup.procs"
  round=$((round + 1))
done
shift
for start in "$@"; do
  for group in "$start"*/w*; do
    [ -e "$group/cgroup.kill" ] && echo 1 >"$group/cgroup.kill" && continue
    [ -e "$group/pids.max" ] && echo 0 >"$group/pids.max"
    round=0
    while [ "$round" -lt ${userSweepsMax} ] && pids=$(cat "$group/cgroup.procs") && [ -n "$pids" ]; do
      kill -s KILL $pids
      round=$((round + 1))
    done
  done
done
round=0 left=1 live=$users
[ "$users" = ' ' ] && left=0
while [ "$left" -gt 0 ] && [ "$round" -lt ${userSweepsMax} ]; do
  for id in $users; do
    case "$live" in
      *" $id "*) setpriv --reuid "$id" --regid "$id" --clear-groups sh -c 'kill -s KILL -- -1' ;;
    esac
  done
  left=0 live=' '
  for file in /proc/[0-9]*/status; do
    state='' real='' saved=''
    while read -r key one two three rest; do
      case "$key" in
        State:) state=$one ;;
        Uid:) real=$one saved=$three; break ;;
      esac
    done <"$file"
    case "$state" in Z | X | '') continue ;; esac
    case "$users" in
      *" $real "* | *" $saved "*)
        left=$((left + 1)) live="$live$real $saved " pid=\${file#/proc/}
        kill -s KILL "\${pid%/status}"
        ;;
    esac
  done
  round=$((round + 1))
  [ "$left" -gt 0 ] && sleep 0.05
done
round=0
while [ "$#" -gt 0 ] && [ "$round" -lt ${userSweepsMax} ]; do
  left=0
  for start in "$@"; do
    for group in "$start"*/w* "$start"*; do
      [ -d "$group" ] && { rmdir "$group" || left=1; }
    done
  done
  [ "$left" -eq 0 ] && break
  round=$((round + 1))
  sleep 0.05
done
`;

const guardianName = 'sluice-guardian';

/**
 * Blocks until the guardian of a primary that died has done its work, for a while at most: it kills by user
 * id, and the processes that are about to be started carry the same ids. Ours is not waited for.
 */
export function awaitEarlierGuardian(runDir: string): void {
  const nobodyWakesIt = new Int32Array(new SharedArrayBuffer(4));
  const isOne = (pid: number): boolean => {
    const [, , , name, folder] = readCommandLine(pid);
    return name === guardianName && folder === runDir && readUsers(pid)[0] === process.getuid?.();
  };
  const earlier = readProcesses().filter((one) => one.parent !== process.pid && isOne(one.pid));
  for (let waitedMs = 0; waitedMs < earlierGuardianWaitMs; waitedMs += 10) {
    if (!earlier.some((one) => isAlive(one.pid, one.startTime))) return;
    Atomics.wait(nobodyWakesIt, 0, 0, 10);
  }
}

function spawnScript(runDir: string, groupStarts: readonly string[]): ChildProcess {
  const started = spawn('/bin/sh', ['-c', script, guardianName, runDir, ...groupStarts], {
    detached: true,
    cwd: '/',
    env: { PATH: systemPath },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  started.unref();
  // A write to a guardian that just died fails here; its exit starts the next one.
  started.stdin?.on('error', () => undefined);
  return started;
}

/** A guardian that keeps dying is a fault of the machine; the journal of the next start stands in. */
const restartsMax = 10;

/**
 * `runDir`: names the instance in the process list, so that its next start can wait for this guardian's end.
 * `groupStarts`: what the paths of its pools' control groups begin with. `beginsShared`: see `shareUsers`.
 */
export function createGuardian(
  logger: Logger,
  runDir = '',
  groupStarts: readonly string[] = [],
  beginsShared = false,
): Guardian {
  const groups = new Set<number>();
  const users = new Set<number>();
  let areUsersShared = beginsShared;
  let ownGroup = '';
  let closing = false;
  let restartsLeft = restartsMax;
  let child = start();

  function start(): ChildProcess {
    const started = spawnScript(runDir, groupStarts);
    started.once('error', (error) => logger.error('guardian-failed', { error: error.message }));
    started.once('exit', (code, signal) => {
      if (closing) return;
      logger.warn('guardian-died', { code, signal, restartsLeft });
      if (restartsLeft-- === 0) return;
      child = start();
      for (const group of groups) tell('+', group);
      tellUsers();
      if (ownGroup !== '') tell('c', ownGroup);
    });
    return started;
  }

  function tellUsers(): void {
    if (!areUsersShared) for (const uid of users) tell('u', uid);
  }

  function tell(verb: string, id: number | string): void {
    child.stdin?.write(`${verb} ${id}\n`);
  }

  return {
    watch(group) {
      groups.add(group);
      tell('+', group);
    },
    forget(group) {
      if (groups.delete(group)) tell('-', group);
    },
    watchUser(uid) {
      if (users.has(uid)) return;
      users.add(uid);
      if (!areUsersShared) tell('u', uid);
    },
    shareUsers(areShared) {
      if (areShared === areUsersShared) return;
      areUsersShared = areShared;
      if (areShared) tell('U', '-');
      else tellUsers();
    },
    watchOwnGroup(folder) {
      ownGroup = folder;
      tell('c', folder);
    },
    close() {
      closing = true;
      // It is in this group itself.
      if (ownGroup !== '') tell('c', '');
      return new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return resolve();
        child.ref();
        child.once('exit', () => resolve());
        child.stdin?.end();
      });
    },
  };
}
