import { accepted } from './accepted.js';
import type { RequestCase } from './cases.js';
import { type AnswerCase, hostileAnswers } from './hostile-answers.js';
import { refusedBodies } from './refused-bodies.js';
import { refusedFraming } from './refused-framing.js';
import { refusedFields } from './refused-fields.js';
import { refusedLines } from './refused-lines.js';

export { corpusHost, type RequestCase } from './cases.js';
export type { AnswerCase } from './hostile-answers.js';

/** Requests of which none may reach a worker as a whole; the answer is one of `statuses`, then the connection ends. */
export function mustRefuse(): Iterable<RequestCase> {
  return [...refusedFraming(), ...refusedBodies(), ...refusedLines(), ...refusedFields()];
}

/** Valid requests, odd ones among them. Those of class `host/` name other hosts: bind the site without a host. */
export function mustAccept(): Iterable<RequestCase> {
  return accepted();
}

/** What workers send back, with the verdict of the listener. */
export function hostileResponses(): Iterable<AnswerCase> {
  return hostileAnswers();
}
