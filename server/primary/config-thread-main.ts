/**
 * Entry of the thread that reads the configuration: tenants write the web.config files, so they are
 * parsed outside the primary's own thread and heap, and the thread ends with its answer.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { loadConfig } from '../../config/compile/compile.js';
import type { LoadRequest } from './config-loader.js';

const { path, ...options } = workerData as LoadRequest;
parentPort?.postMessage(await loadConfig(path, { environment: process.env, ...options }));
