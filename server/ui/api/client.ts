/**
 * Requests to the admin API. A session has two halves: a cookie that scripts cannot read, and the page secret that goes
 * with every request as a field.
 */
import type { Problem } from './config-shapes.js';
import { pageSecret, sessionField } from './session-secret.js';

/** What the API says about a request it did not carry out. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly remedy: string;
  readonly field: string;
  /** Of a configuration that was refused: all that is wrong with it. */
  readonly problems: readonly Problem[];

  constructor(
    status: number,
    code: string,
    message: string,
    remedy: string,
    field: string,
    problems: readonly Problem[] = [],
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.remedy = remedy;
    this.field = field;
    this.problems = problems;
  }

  /** The server has no such route: an older version, or one without this part. */
  get isMissingRoute(): boolean {
    return this.status === 404 && (this.code === '' || this.code === 'not-found');
  }
}

export const sessionPath = '/api/v1/session';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** Called when the session has ended or never began. */
let signedOut: () => void = () => undefined;

export function whenSignedOut(then: () => void): void {
  signedOut = then;
}

/** Rejects with an ApiError. `T` is what the route answers by its schema. */
export async function request<T>(method: Method, path: string, body?: unknown): Promise<T> {
  const text = body === undefined ? null : JSON.stringify(body);
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await answerTo(path, { method, body: text, headers: type });
  return (response.status === 204 ? null : await response.json()) as T;
}

/** A good answer as it comes. Rejects with an ApiError. */
export async function answerTo(path: string, how: RequestInit): Promise<Response> {
  const secret = pageSecret();
  const headers = new Headers(how.headers);
  if (secret !== '') headers.set(sessionField, secret);
  let response: Response;
  try {
    response = await fetch(path, { ...how, headers, credentials: 'same-origin', cache: 'no-store' });
  } catch {
    throw new ApiError(0, 'unreachable', 'the server cannot be reached', 'Is it running, and is this network up?', '');
  }
  if (response.ok) return response;
  if (response.status === 401 && path !== sessionPath) signedOut();
  throw await problemOf(response);
}

async function problemOf(response: Response): Promise<ApiError> {
  const text = await response.text();
  const answer = parsed(text);
  const told = membersOf(answer['error']);
  const problems = Array.isArray(answer['problems']) ? (answer['problems'] as Problem[]) : [];
  const code = textOf(told['code']);
  const message = textOf(told['message']) || text.trim().slice(0, 300) || `answered ${response.status}`;
  return new ApiError(response.status, code, message, textOf(told['remedy']), textOf(told['field']), problems);
}

function parsed(text: string): Record<string, unknown> {
  try {
    return membersOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function describeProblem(error: unknown): string {
  if (error instanceof ApiError) return error.remedy === '' ? error.message : `${error.message}. ${error.remedy}`;
  return error instanceof Error ? error.message : String(error);
}
