/** A black box as lines for people; the file beside it has the same as JSON. */
import type { KernelView, StallFrame, StallReport } from '../protocol/stall-report.js';

const mebibyte = 1_048_576;

export function tellStall({ summary, stack, profile, kernel }: StallReport): string {
  const lines = [summary];
  if (stack !== null) {
    const { heapUsedBytes, heapTotalBytes, rssBytes, frames } = stack;
    lines.push(...frames.map((frame) => `    at ${placeOf(frame)}`));
    lines.push(`heap ${mib(heapUsedBytes)} of ${mib(heapTotalBytes)} MiB, resident ${mib(rssBytes)} MiB`);
  }
  if (profile !== null) {
    lines.push(`where the CPU was for ${profile.durationMs} ms:`);
    lines.push(...profile.hotLines.map((line) => `    ${line.percent} % ${placeOf(line)}`));
  }
  if (kernel !== null) lines.push(...tellKernel(kernel));
  return lines.join('\n');
}

function tellKernel({ state, stack }: KernelView): string[] {
  if (state === '') return [];
  return [`main thread in state ${state}`, ...stack.map((name) => `    in kernel ${name}`)];
}

function placeOf({ name, file, line }: StallFrame): string {
  return `${name === '' ? '(anonymous)' : name} (${file}:${line})`;
}

function mib(bytes: number): number {
  return Math.round(bytes / mebibyte);
}
