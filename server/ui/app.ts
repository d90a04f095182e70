/** What every page gets: what is known, and the ways to act, to ask and to speak. */
import { answerTo, describeProblem, request } from './api/client.js';
import type { OperationView } from '../admin/control-plane.js';
import type { View } from './dom/view.js';
import { after, nowMs, pause } from './page-clock.js';
import { ask, type Question } from './parts/dialog.js';
import type { Store } from './state/store.js';

/** The browser has taken the file over by then. */
const downloadBeginsMs = 60_000;

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
  /** Of what is under way, from 0 to 1; absent = nobody can tell. */
  readonly done?: number;
  /** What it made, to be downloaded: it stays until somebody dismisses it. */
  readonly download?: () => void;
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

export interface Order {
  readonly title: string;
  readonly path: string;
  readonly question: Question | null;
  /** How long it takes, where that is known beforehand. */
  readonly lastsMs?: number;
  /** Called when it has begun and when it has ended. */
  readonly changed?: () => void;
}

/** Asks first where there is a question, orders it, follows the operation to its end and says how it went. */
export async function act(app: App, order: Order): Promise<void> {
  const { title, path, question, lastsMs = 0, changed = () => undefined } = order;
  if (question !== null && !(await ask(question))) return;
  const busy = { tone: 'plain', text: `${title} …`, busy: true } as const;
  const id = app.say(busy);
  const startedMs = nowMs();
  try {
    const begun = await request<OperationView>('POST', path);
    changed();
    const ended = await operationEnd(begun, () => {
      if (lastsMs > 0) app.say({ ...busy, done: Math.min(1, (nowMs() - startedMs) / lastsMs) }, id);
    });
    app.say(outcome(app, title, ended), id);
  } catch (error) {
    app.say({ tone: 'bad', text: `${title}: ${describeProblem(error)}`, busy: false }, id);
  } finally {
    changed();
    app.invalidate();
  }
}

function outcome(app: App, title: string, ended: OperationView): Omit<Notice, 'id'> {
  if (ended.error !== null) {
    const { message, remedy } = ended.error;
    return { tone: 'bad', text: `${title}: ${message}${remedy === '' ? '' : `. ${remedy}`}`, busy: false };
  }
  const done = { tone: 'good', text: `${title}: done in ${tookText(ended)}`, busy: false } as const;
  if (ended.file === '') return done;
  return { ...done, text: `${done.text}: ${ended.file}`, download: () => void download(app, ended) };
}

/** The session's field has to go with the question, so it cannot be a plain link; the browser keeps large files on disk. */
async function download(app: App, { id, file }: OperationView): Promise<void> {
  try {
    const answer = await answerTo(`/api/v1/operations/${id}/file`, {});
    const url = URL.createObjectURL(await answer.blob());
    const link = document.createElement('a');
    link.href = url;
    link.download = file.slice(file.lastIndexOf('/') + 1);
    link.click();
    after(downloadBeginsMs, () => URL.revokeObjectURL(url));
  } catch (error) {
    app.say({ tone: 'bad', text: `Download of ${file}: ${describeProblem(error)}`, busy: false });
  }
}

async function operationEnd(begun: OperationView, waits: () => void): Promise<OperationView> {
  let operation = begun;
  while (operation.state === 'running') {
    waits();
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

/** The node is nobody's pool. */
export function mayAdminister(caller: Caller): boolean {
  return caller.role === 'admin' && caller.pools === 'all';
}

export function poolHash(name: string): string {
  return `#/pools/${encodeURIComponent(name)}`;
}

export function apiPool(name: string): string {
  return `/api/v1/pools/${encodeURIComponent(name)}`;
}
