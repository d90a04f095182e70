import { expect, test } from '@jest/globals';
import type { LiveRequestsView } from '../../../server/admin/control-plane.js';
import type { NodeSample } from '../../../server/admin/events/event.js';
import { printableJson } from '../../../config/base/diagnostics.js';
import { painter } from '../../../server/cli/colours.js';
import { EventReader } from '../../../server/cli/event-reader.js';
import { eventLine } from '../../../server/cli/events-command.js';
import { requestsText } from '../../../server/cli/requests-command.js';
import { formatTable } from '../../../server/cli/table.js';
import { screenLines } from '../../../server/cli/top-command.js';

const evil = 'a\x1b]0;owned\x07\u009b31m\u2028\u202e\u061cb';
const plain = painter({ isTTY: false });
const live: LiveRequestsView = {
  total: 1,
  requests: [
    {
      verb: 'GET',
      host: evil,
      url: `/${evil}`,
      version: '1.1',
      client: '127.0.0.1',
      site: evil,
      application: evil,
      pool: evil,
      workerId: 1,
      pid: 2,
      state: 'sent',
      timeMs: 5,
    },
  ],
  silentListeners: [7],
};

const figures = { workers: 1, inFlight: 1, queue: 0, requestsPerSecond: 1, errorsPerSecond: 0, p50Ms: 1, p99Ms: 2 };
const node = { ready: true, requestsPerSecond: 1, errorsPerSecond: 0, p99Ms: 1, connections: 1, primaryCpuPercent: 1 };
const machine = { primaryMemoryBytes: 1, loadAverage: 1, memoryFreeBytes: 1, memoryTotalBytes: 2 };
const sample: NodeSample = {
  kind: 'sample',
  atMs: 1,
  node: { ...node, ...machine },
  whole: true,
  pools: [{ name: evil, state: 'Stopped', ...figures, memoryBytes: 1, cpuPercent: 1, loopDelayMs: null }],
};

test('requests, events and the live view escape what clients and tenants wrote', () => {
  const size = { sorting: 'name', rows: 20, columns: 60, paint: plain } as const;
  const lines = screenLines({ sample, live, problem: evil }, size);
  const operation = { action: evil, target: evil, state: 'done' };
  const data = JSON.stringify({ kind: 'operation', atMs: 1, pool: evil, operation });
  const event = eventLine({ id: '1', event: 'operation', data }, plain);
  for (const text of [requestsText(live, plain), event, ...lines]) {
    // oxlint-disable-next-line no-control-regex
    expect(text.replaceAll('\n', '')).not.toMatch(/[\x00-\x1f\x7f-\x9f\u061c\u2028-\u202e]/);
  }
  expect(lines.length).toBeLessThanOrEqual(20);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
  expect(requestsText(live, plain)).toContain('listener 7');
});

test('JSON for programs is safe to print and means the same', () => {
  const value = { text: `${evil}\u007f\u0000\r\n"`, list: [evil] };
  for (const indent of [0, 2]) {
    const text = printableJson(value, indent);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u061c\u2028-\u202e]/u);
    expect(JSON.parse(text)).toEqual(value);
  }
});

test('colours are for terminals, unless NO_COLOR says no', () => {
  const terminal = { isTTY: true };
  expect(painter(terminal, {})('red', 'x')).toBe('\x1b[31mx\x1b[0m');
  for (const environment of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
    expect(painter(terminal, environment)('red', 'x')).toBe('x');
  }
  expect(painter({ isTTY: false }, {})('red', 'x')).toBe('x');
  const painted = formatTable(['POOL', 'STATE'], [['a', 'Stopped']], painter(terminal, {}));
  expect(painted).toContain('\x1b[31mStopped\x1b[0m');
});

test('events are put together from pieces, and one without an end is given up', () => {
  const reader = new EventReader();
  expect(reader.feed('id: 7\nevent: worker')).toEqual([]);
  expect(reader.feed('-ended\ndata: {"a":1}\n')).toEqual([]);
  expect(reader.feed(': still here\n\nda')).toEqual([{ id: '7', event: 'worker-ended', data: '{"a":1}' }]);
  expect(reader.feed('ta: x\r\n\r\n')).toEqual([{ id: '7', event: 'message', data: 'x' }]);
  expect(() => reader.feed('x'.repeat(2_000_000))).toThrow('too long');
});
