/**
 * What the caller left open when it started this server (a terminal multiplexer's pipe, a lock file of a
 * script) is neither ours nor for any listener or worker. Node marks the first descriptors close-on-exec
 * when it starts, and opens its own so; what is inheritable after that came from outside.
 */
import { closeSync, readlinkSync } from 'node:fs';
import { inheritableDescriptors } from '../../pools/runtimes/spawn.js';

/** Closes them and says what each was, for the log. Only before anything of our own is inheritable. */
export function closeInheritedDescriptors(): string[] {
  return inheritableDescriptors().flatMap((fd) => {
    const what = targetOf(fd);
    try {
      closeSync(fd);
    } catch {
      return [];
    }
    return [`${fd} (${what})`];
  });
}

function targetOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return 'unknown';
  }
}
