/** `sluice top`: pools and the longest requests, drawn anew every second. */
import { topIntervalMs } from '../../config/base/cli-limits.js';
import { escapeControls } from '../../config/base/diagnostics.js';
import { messageOf } from '../../config/base/errors.js';
import type { PoolView } from '../../pools/supervisor/ports.js';
import type { LiveRequestsView } from '../admin/control-plane.js';
import { systemClock } from '../primary/clock.js';
import type { AdminClient } from './admin-client.js';
import { type Paint, painter } from './colours.js';
import { exitCode } from './exit-codes.js';
import { type AdminFlags, open } from './pool-command.js';
import { requestsText } from './requests-command.js';
import { openScreen } from './terminal.js';
import { formatTable } from './table.js';

interface Row {
  readonly name: string;
  readonly state: string;
  readonly workers: number;
  readonly requests: number;
  readonly memoryBytes: number;
  readonly crashes: number;
}

interface View {
  readonly rows: readonly Row[];
  readonly live: LiveRequestsView;
}

const orders = ['requests', 'memory', 'workers', 'crashes', 'name'] as const;
type Order = (typeof orders)[number];

const compare: Readonly<Record<Order, (a: Row, b: Row) => number>> = {
  requests: (a, b) => b.requests - a.requests,
  memory: (a, b) => b.memoryBytes - a.memoryBytes,
  workers: (a, b) => b.workers - a.workers,
  crashes: (a, b) => b.crashes - a.crashes,
  name: (a, b) => a.name.localeCompare(b.name),
};

export async function top(flags: AdminFlags): Promise<number> {
  const client = await open(flags);
  let view = await look(client);
  let order: Order = 'requests';
  let problem = '';
  let isOver = false;
  let wake: () => void = () => undefined;
  const paint = painter(process.stdout);
  const draw = (): void => {
    const { rows, columns } = screen;
    screen.draw(screenLines(view, { order, problem, rows, columns, paint }));
  };
  const screen = openScreen(
    {
      key(key) {
        if (key === 'q' || key === '\x03' || key === '\x1b') isOver = true;
        else if (key === 's') order = orders[(orders.indexOf(order) + 1) % orders.length] ?? 'requests';
        if (isOver) wake();
        else draw();
      },
      resized: () => draw(),
    },
    'sluice status and sluice requests print the same once, with --json for programs',
  );
  try {
    while (!isOver) {
      draw();
      await new Promise<void>((next) => {
        wake = next;
        systemClock.setTimer(topIntervalMs, next, true);
      });
      if (isOver) break;
      try {
        view = await look(client);
        problem = '';
      } catch (error) {
        problem = messageOf(error);
      }
    }
  } finally {
    screen.close();
  }
  return exitCode.ok;
}

async function look(client: AdminClient): Promise<View> {
  const [{ pools }, live] = await Promise.all([
    client.ask<{ pools: PoolView[] }>('GET', '/api/v1/pools'),
    client.ask<LiveRequestsView>('GET', '/api/v1/requests'),
  ]);
  return { rows: pools.map(rowOf), live };
}

function rowOf({ name, state, workers, restarts }: PoolView): Row {
  const requests = workers.reduce((sum, { inFlight }) => sum + inFlight, 0);
  const memoryBytes = workers.reduce((sum, { rssBytes }) => sum + rssBytes, 0);
  return { name, state, workers: workers.length, requests, memoryBytes, crashes: restarts };
}

export interface ScreenSize {
  readonly order: Order;
  readonly problem: string;
  readonly rows: number;
  readonly columns: number;
  readonly paint: Paint;
}

/** Half of the screen for pools, the rest for requests; no line is wider than the screen. */
export function screenLines({ rows: pools, live }: View, size: ScreenSize): readonly string[] {
  const { order, problem, rows, columns, paint } = size;
  const fit = (line: string): string => line.slice(0, columns);
  const workers = pools.reduce((sum, one) => sum + one.workers, 0);
  const time = new Date(systemClock.wallMs()).toISOString().slice(11, 19);
  const head = `sluice ${time}  ${pools.length} pools, ${workers} workers, ${live.total} requests   sort: ${order} (s)  quit: q`;
  const poolLines = formatTable(
    ['POOL', 'STATE', 'WORKERS', 'REQUESTS', 'MEMORY', 'CRASHES'],
    pools.toSorted(compare[order]).map((one) => cells(one)),
  ).split('\n');
  const half = Math.max(3, Math.floor((rows - 3) / 2));
  const requests = requestsText(live, (_colour, text) => text).split('\n');
  const [titles = '', ...body] = poolLines.slice(0, half);
  return [
    problem === '' ? paint('bold', fit(head)) : paint('red', fit(escapeControls(problem))),
    '',
    paint('reverse', fit(titles)),
    ...body.map((line) => paint(/ (?:Stopped|Stopping) /.test(line) ? 'red' : null, fit(line))),
    '',
    ...requests.slice(0, Math.max(0, rows - 3 - Math.min(half, poolLines.length))).map(fit),
  ];
}

function cells({ name, state, workers, requests, memoryBytes, crashes }: Row): readonly string[] {
  const memory = memoryBytes === 0 ? '-' : `${(memoryBytes / 1_048_576).toFixed(1)} MB`;
  return [escapeControls(name), state, String(workers), String(requests), memory, String(crashes)];
}
