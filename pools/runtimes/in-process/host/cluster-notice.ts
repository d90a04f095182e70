/** Says once that code for the primary of a cluster never runs here: when the app asks which one it is. */

const names = ['isPrimary', 'isMaster'] as const;
/** Node's own `listen` and `bind` ask too. */
const ownCaller = /\(node:(net|dgram):/;

const text =
  'the app asks node:cluster whether it is the primary: here it is always a worker, the pool is its cluster (maxProcesses says how many). Code for the primary (fork, schedules, migrations) does not run.';

/** The two flags become accessors until the app reads one of them. */
export function watchPrimaryFlags(cluster: object, notice: (code: string, text: string) => void): void {
  const settle = (): void => {
    for (const name of names) {
      Object.defineProperty(cluster, name, { configurable: true, enumerable: true, writable: true, value: false });
    }
  };
  const get = function get(): boolean {
    if (isAskedByApp(get)) {
      settle();
      notice('cluster-worker', text);
    }
    return false;
  };
  for (const name of names) {
    const set = (value: unknown): void => {
      settle();
      Reflect.set(cluster, name, value);
    };
    Object.defineProperty(cluster, name, { configurable: true, enumerable: true, get, set });
  }
}

function isAskedByApp(getter: () => boolean): boolean {
  const holder: { stack?: unknown } = {};
  Error.captureStackTrace(holder, getter);
  const caller = String(holder.stack).split('\n')[1];
  return caller !== undefined && !ownCaller.test(caller);
}
