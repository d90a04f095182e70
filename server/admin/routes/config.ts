/** The configuration: what takes effect and why, trying a candidate, applying it, and going back. */
import type { FastifyReply } from 'fastify';
import {
  candidateBodyBytesMax,
  candidateBytesMax,
  configStudyLimitMs,
} from '../../../config/base/config-history-limits.js';
import { formatDiagnostic } from '../../../config/base/diagnostics.js';
import type { ApplyView, CandidateFile, ConfigControl } from '../config-control.js';
import { AdminError } from '../frame/errors.js';
import { type AdminCall, type AdminRoute, adminRoute } from '../frame/route.js';
import {
  applyAnswer,
  applyBody,
  applyRefusal,
  candidateBody,
  entryParams,
  explainAnswer,
  explainQuery,
  fileAnswer,
  fileQuery,
  filesAnswer,
  historyAnswer,
  rollbackBody,
  trialAnswer,
  valuesAnswer,
  valuesQuery,
} from '../schemas/config.js';

export function configRoutes(config: ConfigControl): readonly AdminRoute[] {
  return [...reading(config), ...trying(config), ...changing(config)];
}

function reading(config: ConfigControl): readonly AdminRoute[] {
  return [
    adminRoute({
      method: 'GET',
      path: '/api/v1/config',
      role: 'viewer',
      summary:
        'Settings that take effect, each with the place that says so; secrets and values of variables are hidden',
      query: valuesQuery,
      answer: valuesAnswer,
      handle: ({ query, reply, caller }) =>
        patient(reply, () => config.values(caller, { ...query, written: query.written === 'true' })),
    }),
    adminRoute({
      method: 'GET',
      path: '/api/v1/config/explain',
      role: 'viewer',
      summary: 'One setting: value, every place that says it, default, meaning, and what a change does',
      query: explainQuery,
      answer: explainAnswer,
      handle: ({ query, reply, caller }) => patient(reply, () => config.explain(caller, query.path)),
    }),
    adminRoute({
      method: 'GET',
      path: '/api/v1/config/files',
      role: 'viewer',
      summary: 'The files of the configuration with their hashes, and whether the API may write them',
      answer: filesAnswer,
      handle: () => config.files(),
    }),
    adminRoute({
      method: 'GET',
      path: '/api/v1/config/file',
      role: 'admin',
      summary: 'The text of one file as it is written, passwords included',
      query: fileQuery,
      answer: fileAnswer,
      answerFields: { etag: 'The hash of the file, if it is there' },
      handle: async ({ query, reply, caller }) => {
        const found = await patient(reply, () => config.file(caller, query.file));
        if (found.hash !== '') void reply.header('etag', `"${found.hash}"`);
        return found;
      },
    }),
    adminRoute({
      method: 'GET',
      path: '/api/v1/config/history',
      role: 'viewer',
      summary: 'The last 50 applied configurations: when, by whom, why, and what changed',
      answer: historyAnswer,
      handle: async () => {
        const entries = await config.history();
        return { entries: entries.map((entry) => ({ ...entry, files: entry.files.length })) };
      },
    }),
    adminRoute({
      method: 'GET',
      path: '/api/v1/config/history/:id/diff',
      role: 'viewer',
      summary: 'What going back to an applied configuration would change',
      params: entryParams,
      answer: trialAnswer,
      handle: ({ params, reply, caller }) => patient(reply, () => config.compare(caller, params.id)),
    }),
  ];
}

function trying(config: ConfigControl): readonly AdminRoute[] {
  const asked = { method: 'POST', role: 'admin', changesNothing: true } as const;
  const common = { ...asked, body: candidateBody, answer: trialAnswer } as const;
  return [
    adminRoute({
      ...common,
      path: '/api/v1/config/validate',
      summary: 'Every problem that the configuration would have with this text of one file; nothing is written',
      bodyBytesMax: candidateBodyBytesMax,
      handle: ({ body, reply, caller }) => patient(reply, () => config.validate(caller, checked(body))),
    }),
    adminRoute({
      ...common,
      path: '/api/v1/config/diff',
      summary: 'What this text of one file would change: settings, pools that recycle, sites; nothing is written',
      bodyBytesMax: candidateBodyBytesMax,
      handle: ({ body, reply, caller }) => patient(reply, () => config.diff(caller, checked(body))),
    }),
  ];
}

const matchField = 'if-match';
const applying = {
  requestFields: { [matchField]: 'The hash of what was seen, unless the body has it' },
  answer: applyAnswer,
  refusals: { 422: applyRefusal },
} as const;

function changing(config: ConfigControl): readonly AdminRoute[] {
  return [
    adminRoute({
      method: 'POST',
      path: '/api/v1/config/apply',
      role: 'admin',
      summary:
        'Writes one file and applies it; answers when every listener has it, or 422 and the one before serves on',
      ...applying,
      body: applyBody,
      bodyBytesMax: candidateBodyBytesMax,
      about: ({ body }) => `file=${body.file === '' ? '(the main file)' : body.file}`,
      handle: async (call) => {
        const { body, caller, reply } = call;
        const order = { hash: hashOf(call), note: body.note };
        return applied(reply, await patient(reply, () => config.apply(caller, checked(body), order)));
      },
    }),
    adminRoute({
      method: 'POST',
      path: '/api/v1/config/rollback/:id',
      role: 'admin',
      summary: 'Gives every file the contents of an applied configuration and applies them',
      params: entryParams,
      ...applying,
      body: rollbackBody,
      handle: async (call) => {
        const { params, body, caller, reply } = call;
        const order = { hash: hashOf(call), note: body.note };
        return applied(reply, await patient(reply, () => config.rollback(caller, params.id, order)));
      },
    }),
  ];
}

/** A configuration of ten thousand sites takes its time; who asks waits as long as we do. */
function patient<T>({ request }: FastifyReply, run: () => Promise<T>): Promise<T> {
  request.raw.socket.setTimeout(2 * configStudyLimitMs);
  return run();
}

function checked({ file, text }: CandidateFile): CandidateFile {
  if (Buffer.byteLength(text) <= candidateBytesMax) return { file, text };
  const message = `the text has more than ${candidateBytesMax} bytes`;
  throw new AdminError(413, 'text-too-long', message, 'cut it into files that include names', 'body.text');
}

/** What the administrator saw, so that nobody overwrites what another one wrote meanwhile. */
function hashOf(asked: AdminCall<unknown, unknown, { readonly hash?: string | undefined }>): string {
  const field = asked.header(matchField).trim();
  const hash = asked.body.hash ?? (field === '' ? undefined : field.replace(/^(?:W\/)?"(.*)"$/, '$1'));
  if (hash !== undefined) return hash;
  const remedy = 'send the hash that GET /api/v1/config/files told you, or * to overwrite whatever is there';
  throw new AdminError(428, 'hash-missing', 'the hash of what you saw is missing', remedy, 'body.hash');
}

/** A refusal has the shape of every other one, and all that is known beside it. */
function applied(reply: FastifyReply, view: ApplyView): ApplyView | FastifyReply {
  if (view.outcome === 'applied') return view;
  const errors = view.problems.filter(({ severity }) => severity === 'error').map(formatDiagnostic);
  const why = [...view.reasons, ...errors];
  const message = `the configuration was refused, and the one before serves on: ${why[0] ?? 'the server is stopping'}`;
  const error = { code: 'configuration-refused', message, remedy: 'see problems and reasons', field: 'body.text' };
  return reply.code(422).send({ error, ...view });
}
