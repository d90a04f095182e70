/** Large bodies both ways: throughput, CPU per GB, and how much any process grows meanwhile. */
import { openSync, closeSync, ftruncateSync } from 'node:fs';
import { join } from 'node:path';
import { cpuSeconds, residentBytes } from '../support/processes.js';
import { startProgram } from '../support/program.js';
import { removeFolder, tempFolder } from '../support/temp-folder.js';
import { monotonicMs, pause } from '../support/time.js';
import type { RunningPath } from './paths.js';

export interface Transfer {
  readonly megabytesPerSecond: number;
  readonly cpuSecondsPerGigabyte: number;
  /** Growth of the process that grew most, against its size before. */
  readonly growthBytes: number;
}

const sampleEveryMs = 50;

async function curl(path: RunningPath, args: readonly string[], bytes: number, expected: string): Promise<Transfer> {
  const pids = [...path.front(), ...path.app()];
  const before = new Map(pids.map((pid) => [pid, residentBytes(pid)]));
  const cpuBefore = cpuSeconds(pids);
  const startedMs = monotonicMs();
  const format = '%{http_code} %{size_download} %{size_upload}';
  const program = startProgram('curl', ['-sS', '-o', '/dev/null', '-w', format, ...args]);
  let growthBytes = 0;
  let done = false;
  const exited = program.exited.finally(() => {
    done = true;
  });
  while (!done) {
    for (const [pid, size] of before) growthBytes = Math.max(growthBytes, residentBytes(pid) - size);
    await Promise.race([exited, pause(sampleEveryMs)]);
  }
  const seconds = (monotonicMs() - startedMs) / 1000;
  if (!program.output().startsWith(expected)) throw new Error(`curl: ${program.output()}, expected ${expected}`);
  return {
    megabytesPerSecond: bytes / 1_000_000 / seconds,
    cpuSecondsPerGigabyte: ((cpuSeconds(pids) - cpuBefore) * 1_000_000_000) / bytes,
    growthBytes,
  };
}

export function download(path: RunningPath, bytes: number): Promise<Transfer> {
  return curl(path, [`http://127.0.0.1:${path.port}/bytes/${bytes}`], bytes, `200 ${bytes} `);
}

export async function upload(path: RunningPath, bytes: number): Promise<Transfer> {
  const folder = tempFolder('upload');
  const file = join(folder, 'body');
  const descriptor = openSync(file, 'w');
  // Sparse: costs no disk.
  ftruncateSync(descriptor, bytes);
  closeSync(descriptor);
  try {
    return await curl(path, ['-T', file, `http://127.0.0.1:${path.port}/upload`], bytes, '200 ');
  } finally {
    removeFolder(folder);
  }
}
