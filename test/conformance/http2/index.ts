import { abuseScripts } from './abuse-scripts.js';
import { compressionScripts } from './compression-scripts.js';
import { connectionScripts } from './connection-scripts.js';
import { messageScripts } from './message-scripts.js';
import type { Script } from './script.js';
import { streamScripts } from './stream-scripts.js';

/** Every script; names are unique together with their source. */
export const http2Scripts: readonly Script[] = [
  ...connectionScripts,
  ...streamScripts,
  ...messageScripts,
  ...compressionScripts,
  ...abuseScripts,
];
