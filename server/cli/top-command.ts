/** `sluice top`: the figures of every second and the longest requests, drawn anew as they come. */
import { topSilenceMs } from '../../config/base/cli-limits.js';
import { escapeControls } from '../../config/base/diagnostics.js';
import { messageOf } from '../../config/base/errors.js';
import type { LiveRequestsView } from '../admin/control-plane.js';
import type { NodeSample, PoolSample } from '../admin/events/event.js';
import { systemClock } from '../primary/clock.js';
import { type Paint, painter } from './colours.js';
import { follow } from './events-command.js';
import { exitCode } from './exit-codes.js';
import { type AdminFlags, open } from './pool-command.js';
import { requestsText } from './requests-command.js';
import { formatTable } from './table.js';
import { openScreen } from './terminal.js';

export interface TopView {
  /** null: none has come yet. */
  readonly sample: NodeSample | null;
  readonly live: LiveRequestsView;
  /** Why the figures are old; '' = they are not. */
  readonly problem: string;
}

export const sortings = ['requests/s', 'cpu', 'memory', 'p99', 'errors', 'name'] as const;
export type Sorting = (typeof sortings)[number];

const compare: Readonly<Record<Sorting, (a: PoolSample, b: PoolSample) => number>> = {
  'requests/s': (a, b) => b.requestsPerSecond - a.requestsPerSecond,
  cpu: (a, b) => b.cpuPercent - a.cpuPercent,
  memory: (a, b) => b.memoryBytes - a.memoryBytes,
  p99: (a, b) => b.p99Ms - a.p99Ms,
  errors: (a, b) => b.errorsPerSecond - a.errorsPerSecond,
  name: (a, b) => a.name.localeCompare(b.name),
};

const noRequests: LiveRequestsView = { total: 0, requests: [], silentListeners: [] };

export async function top(flags: AdminFlags): Promise<number> {
  const client = await open(flags);
  const paint = painter(process.stdout);
  let view: TopView = { sample: null, live: noRequests, problem: '' };
  let sorting: Sorting = 'requests/s';
  let leave: () => void = () => undefined;
  const left = new Promise<void>((done) => {
    leave = done;
  });
  const draw = (): void => {
    const { rows, columns } = screen;
    screen.draw(screenLines(view, { sorting, rows, columns, paint }));
  };
  const screen = openScreen(
    {
      key(key) {
        if (key === 'q' || key === '\x03' || key === '\x1b') leave();
        else if (key === 's') sorting = sortings[(sortings.indexOf(sorting) + 1) % sortings.length] ?? 'name';
        draw();
      },
      resized: draw,
    },
    'sluice status and sluice requests print the same once, with --json for programs',
  );
  const silent = (): void => {
    view = { ...view, problem: 'the server sends no figures; these are the last ones' };
    draw();
  };
  let cancelSilent = systemClock.setTimer(topSilenceMs, silent);
  const take = (sample: NodeSample): void => {
    cancelSilent();
    cancelSilent = systemClock.setTimer(topSilenceMs, silent);
    view = { ...view, sample: merged(view.sample, sample) };
    client
      .ask<LiveRequestsView>('GET', '/api/v1/requests')
      .then(
        (live) => (view = { ...view, live, problem: '' }),
        (error: unknown) => (view = { ...view, problem: messageOf(error) }),
      )
      .then(draw, () => undefined);
  };
  try {
    draw();
    const following = follow(client, '/api/v1/events?kinds=sample', (event) => {
      if (event.event === 'sample') take(JSON.parse(event.data) as NodeSample);
    });
    await Promise.race([left, following]);
  } finally {
    screen.close();
  }
  return exitCode.ok;
}

/** A sample names only the pools that changed, unless it is whole. */
export function merged(before: NodeSample | null, sample: NodeSample): NodeSample {
  if (sample.whole || before === null) return sample;
  const pools = new Map([...before.pools, ...sample.pools].map((pool) => [pool.name, pool]));
  const isBusy = ({ state, workers, queue, requestsPerSecond }: PoolSample): boolean =>
    workers > 0 || queue > 0 || requestsPerSecond > 0 || state !== 'Started';
  return { ...sample, pools: [...pools.values()].filter(isBusy) };
}

export interface ScreenSize {
  readonly sorting: Sorting;
  readonly rows: number;
  readonly columns: number;
  readonly paint: Paint;
}

/** Half of the screen for pools, the rest for requests; no line is wider than the screen. */
export function screenLines({ sample, live, problem }: TopView, size: ScreenSize): readonly string[] {
  const { sorting, rows, columns, paint } = size;
  const fit = (line: string): string => line.slice(0, columns);
  const pools = (sample?.pools ?? []).toSorted(compare[sorting]);
  const [titles = '', , ...body] = formatTable(head, pools.map(cells)).split('\n');
  const half = Math.max(3, Math.floor((rows - 6) / 2));
  const shown = body.slice(0, half);
  const requests = requestsText(live, plain).split('\n');
  return [
    paint('bold', fit(sample === null ? 'sluice: waiting for the figures of the first second' : nodeLine(sample))),
    problem === '' ? fit(`sorted by ${sorting}   s: sort, q: quit`) : paint('red', fit(escapeControls(problem))),
    '',
    paint('reverse', fit(titles)),
    ...shown.map((line, index) => paint(pools[index]?.state === 'Started' ? null : 'red', fit(line))),
    '',
    ...requests
      .filter((line) => !line.startsWith('--'))
      .slice(0, Math.max(0, rows - shown.length - 5))
      .map(fit),
  ].slice(0, rows);
}

const head = ['POOL', 'STATE', 'WORKERS', 'IN FLIGHT', 'QUEUE', 'REQ/S', 'ERR/S', 'P50 MS', 'P99 MS', 'CPU %', 'MB'];
const plain: Paint = (_colour, text) => text;

function cells(pool: PoolSample): readonly string[] {
  return [
    escapeControls(pool.name),
    pool.state,
    String(pool.workers),
    String(pool.inFlight),
    String(pool.queue),
    pool.requestsPerSecond.toFixed(1),
    pool.errorsPerSecond.toFixed(1),
    pool.p50Ms.toFixed(1),
    pool.p99Ms.toFixed(1),
    pool.cpuPercent.toFixed(0),
    (pool.memoryBytes / 1_048_576).toFixed(1),
  ];
}

function nodeLine({ atMs, node, pools }: NodeSample): string {
  const time = new Date(atMs).toISOString().slice(11, 19);
  const memory = `${gigabytes(node.memoryTotalBytes - node.memoryFreeBytes)} of ${gigabytes(node.memoryTotalBytes)} GB`;
  const parts = [
    `sluice ${time} ${node.ready ? 'ready' : 'NOT READY'}`,
    `${pools.length} pools busy`,
    `${node.requestsPerSecond.toFixed(1)} req/s`,
    `${node.errorsPerSecond.toFixed(1)} err/s`,
    `${node.connections} connections`,
    `load ${node.loadAverage.toFixed(2)}`,
    `memory ${memory}`,
    `primary ${node.primaryCpuPercent.toFixed(0)} % cpu`,
  ];
  return parts.join('  ');
}

function gigabytes(bytes: number): string {
  return (bytes / 1_073_741_824).toFixed(1);
}
