/** The two ways to host the same app, for promises that hold in both. */
import type { Settings } from './sluice.js';

export interface HostingChoice {
  readonly model: 'in-process' | 'out-of-process';
  /** What the application gets beside path, pool and folder. */
  readonly settings: Settings;
}

/** `node index.js` as any program: it really listens on PORT. */
export function outOfProcess(entry: string, more: Settings = {}): Settings {
  return { hosting: { hostingModel: 'OutOfProcess', processPath: process.execPath, arguments: entry, ...more } };
}

export const hostingModels: readonly HostingChoice[] = [
  { model: 'in-process', settings: {} },
  { model: 'out-of-process', settings: outOfProcess('index.js') },
];
