// Finds processes that a test run started and did not end. Pool workers have environments, groups and
// parents of their own, so three nets are used: everything ever seen below the run, everything that
// carries the run's temp folder in its environment, arguments or working folder.
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

const everyMs = 250;
const graceMs = 5_000;

function read(path) {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function processes() {
  const found = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    if (stat === '') continue;
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') continue;
    found.push({ pid: Number(name), parent: Number(fields[1]), key: `${name}:${fields[19]}` });
  }
  return found;
}

function carries(pid, temp) {
  let folder = '';
  try {
    folder = readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    // Gone, or not ours to see.
  }
  return [read(`/proc/${pid}/environ`), read(`/proc/${pid}/cmdline`), folder].some((text) => text.includes(temp));
}

/** Watches everything below `root`; `left()` tells what is alive after a grace. */
export function watchProcesses(root, temp) {
  const seen = new Set();
  const look = () => {
    const all = processes();
    const below = new Set([root]);
    // Parents may have larger pids than children, so go on until nothing is added.
    for (let before = 0; before !== below.size; ) {
      before = below.size;
      for (const one of all) if (below.has(one.parent)) below.add(one.pid);
    }
    for (const one of all) if (below.has(one.pid) && one.pid !== root) seen.add(one.key);
  };
  const timer = setInterval(look, everyMs);
  const alive = () =>
    processes().filter((one) => one.pid !== process.pid && (seen.has(one.key) || carries(one.pid, temp)));
  return {
    left: async () => {
      clearInterval(timer);
      const deadline = performance.now() + graceMs;
      while (alive().length > 0 && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, everyMs));
      }
      const rest = alive().map((one) => ({
        ...one,
        text: `${one.pid} ${read(`/proc/${one.pid}/cmdline`).split('\0').join(' ')}`,
      }));
      for (const one of rest) {
        try {
          process.kill(one.pid, 'SIGKILL');
        } catch {
          // It ended by itself just now.
        }
      }
      return rest.map((one) => one.text);
    },
  };
}
