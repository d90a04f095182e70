import { abuseScripts } from './abuse-scripts.js';
import { codingScripts } from './coding-scripts.js';
import { compressionScripts } from './compression-scripts.js';
import { connectionScripts } from './connection-scripts.js';
import { fieldScripts } from './field-scripts.js';
import { messageScripts } from './message-scripts.js';
import type { Script } from './script.js';
import { stateScripts } from './state-scripts.js';
import { streamScripts } from './stream-scripts.js';

/** Every script; names are unique together with their source. */
export const http2Scripts: readonly Script[] = [
  ...connectionScripts,
  ...streamScripts,
  ...stateScripts,
  ...messageScripts,
  ...fieldScripts,
  ...compressionScripts,
  ...codingScripts,
  ...abuseScripts,
];

/** Those that a listener can be asked. */
export const liveScripts: readonly Script[] = http2Scripts.filter((script) => !script.isEngineOnly);
