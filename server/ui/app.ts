/** What every page gets: what is known, and the ways to act, to ask and to speak. */
import { describeProblem, request } from './api/client.js';
import type { OperationView } from '../admin/control-plane.js';
import type { View } from './dom/view.js';
import { nowMs, pause } from './page-clock.js';
import { ask, type Question } from './parts/dialog.js';
import type { Store } from './state/store.js';

export type Role = 'viewer' | 'operator' | 'admin';

/** Who is signed in, as the session tells. */
export interface Caller {
  readonly name: string;
  readonly role: Role;
  readonly pools: readonly string[] | 'all';
  /** Over the unix socket or as a token there is no session to end. */
  readonly via: string;
}

export interface Notice {
  readonly id: number;
  readonly tone: 'good' | 'bad' | 'plain';
  readonly text: string;
  /** Still under way. */
  readonly busy: boolean;
}

export interface App {
  readonly store: Store;
  caller(): Caller;
  /** Something shown has changed: it is rendered with the next frame. */
  readonly invalidate: () => void;
  /** Shows and speaks; the same `id` replaces what it said before. 0 = a new one. Returns the id. */
  say(notice: Omit<Notice, 'id'>, id?: number): number;
  go(hash: string): void;
}

export interface Page {
  readonly title: string;
  /** Which entry of the navigation it belongs to. */
  readonly section: string;
  view(): readonly View[];
  /** Begins what the page needs while it is shown; the returned function ends it. */
  open?(): () => void;
}

/** Asks first where there is a question, orders it, follows the operation to its end and says how it went. */
export async function act(app: App, title: string, path: string, question: Question | null): Promise<void> {
  if (question !== null && !(await ask(question))) return;
  const id = app.say({ tone: 'plain', text: `${title} …`, busy: true });
  try {
    const ended = await operationEnd(await request<OperationView>('POST', path));
    if (ended.error !== null) {
      const { message, remedy } = ended.error;
      app.say({ tone: 'bad', text: `${title}: ${message}${remedy === '' ? '' : `. ${remedy}`}`, busy: false }, id);
      return;
    }
    const file = ended.file === '' ? '' : `: ${ended.file}`;
    app.say({ tone: 'good', text: `${title}: done in ${tookText(ended)}${file}`, busy: false }, id);
  } catch (error) {
    app.say({ tone: 'bad', text: `${title}: ${describeProblem(error)}`, busy: false }, id);
  } finally {
    app.invalidate();
  }
}

async function operationEnd(begun: OperationView): Promise<OperationView> {
  let operation = begun;
  while (operation.state === 'running') {
    await pause(400);
    operation = await request<OperationView>('GET', `/api/v1/operations/${operation.id}`);
  }
  return operation;
}

function tookText({ startedAtMs, endedAtMs }: OperationView): string {
  return `${Math.max(0, ((endedAtMs || nowMs()) - startedAtMs) / 1_000).toFixed(1)} s`;
}

export function mayAct(caller: Caller, pool: string): boolean {
  return caller.role !== 'viewer' && (caller.pools === 'all' || caller.pools.includes(pool));
}

export function poolHash(name: string): string {
  return `#/pools/${encodeURIComponent(name)}`;
}

export function apiPool(name: string): string {
  return `/api/v1/pools/${encodeURIComponent(name)}`;
}
