import { readFileSync } from 'node:fs';

/** Resident memory of a process in bytes (VmRSS of /proc); 0 when there is no such process. */
export function residentBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const start = status.indexOf('VmRSS:');
    return start < 0 ? 0 : Number.parseInt(status.slice(start + 6), 10) * 1_024;
  } catch {
    return 0;
  }
}
