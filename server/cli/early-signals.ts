/**
 * Imported before everything else: what `sluice start` loads takes a while, and a signal that means something to a running
 * server must not end one that starts.
 */
import { holdSignals } from '../primary/signals.js';

/** Takes the handlers off and tells which signals came; null = this process starts no server. */
export const earlySignals = process.argv[2] === 'start' ? holdSignals() : null;
