import type { StoredFailure } from '../../pools/protocol/snapshot.js';
import { type PageFormat, pageFormat } from '../http1/accept.js';
import { emptyPage, type ErrorOptions, errorResponse, type Page, pageResponse } from '../http1/error-page.js';
import { failurePage } from '../http1/failure-page.js';
import type { Rejection, RequestHead } from '../http1/types.js';
import { type ChallengeAnswer, challengeText } from './challenges.js';

/** The head of a request did not come in time (webLimits.headerWaitTimeout). */
export const headerWait: Rejection = { status: 408, subStatus: 0, reason: 'HeaderWait' };

/** How the connection goes on behind the answer, and what its head says. */
export interface AnswerFrame {
  readonly close: boolean;
  readonly retryAfterSeconds: number;
  readonly date: string;
  readonly fields?: string;
}

/** An error of ours as an answer to this request, which may be unreadable itself. */
export function errorText(
  request: RequestHead,
  failure: Rejection | ChallengeAnswer | StoredFailure,
  frame: AnswerFrame,
): string {
  const isReadable = request.rejection === null;
  const { status, subStatus, reason } = failure;
  const options: ErrorOptions = {
    ...frame,
    head: isReadable && request.method === 'HEAD',
    http10: isReadable && request.minorVersion === 0,
    format: isReadable ? pageFormat(valuesOf(request.fields, 'accept')) : 'html',
  };
  if ('keyAuthorization' in failure) return challengeText(failure, options);
  const page = 'page' in failure ? ownPage(failure, options.format) : null;
  return page === null ? errorResponse(status, subStatus, reason, options) : pageResponse(page, options);
}

/** Made once per failure and format: a failure lives until the primary publishes the next state. */
const made = new WeakMap<StoredFailure, Map<PageFormat, Page>>();

function ownPage(failure: StoredFailure, format: PageFormat): Page | null {
  const { page } = failure;
  if (page === undefined) return null;
  if (page === 'none') return emptyPage(failure.status);
  const known = made.get(failure) ?? new Map<PageFormat, Page>();
  made.set(failure, known);
  const found = known.get(format) ?? failurePage(failure, page, format);
  known.set(format, found);
  return found;
}

/** All values of a field as one list. Only lengths are compared until one fits. */
function valuesOf(fields: readonly string[], name: string): string {
  let values = '';
  for (let index = 0; index < fields.length; index += 2) {
    const field = fields[index];
    if (field === undefined || field.length !== name.length || field.toLowerCase() !== name) continue;
    values += values === '' ? (fields[index + 1] ?? '') : `, ${fields[index + 1] ?? ''}`;
  }
  return values;
}
