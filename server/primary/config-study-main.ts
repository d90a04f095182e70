/** Entry of the thread that looks at configurations for the admin API. It answers one question. */
import { parentPort } from 'node:worker_threads';
import { changesPerAnswerMax, problemsPerAnswerMax } from '../../config/base/config-history-limits.js';
import { messageOf, SluiceError } from '../../config/base/errors.js';
import { unreachable } from '../../config/base/invariant.js';
import { planOf } from '../../config/change/diff.js';
import { openDocument } from '../../config/compile/open-document.js';
import { FileMemory } from '../../config/load/file-memory.js';
import { explain } from '../../config/effective/explain.js';
import { changedSettings, Studies, type Study, valuesOf } from '../../config/effective/study.js';
import type { Inspected } from '../../config/effective/subjects.js';
import { noSitesProblem } from './no-sites.js';
import type { Candidates, StudiedConfig, StudyAnswer, StudyQuestion, Trial } from './config-study.js';

async function answer({ config, order }: StudyQuestion): Promise<StudyAnswer> {
  switch (order.kind) {
    case 'values': {
      const served = await servedOf(config);
      return { kind: 'values', page: valuesOf(inspectedOf(served), served.secrets, order.query) };
    }
    case 'explain': {
      const served = await servedOf(config);
      return { kind: 'explain', explanation: explain(served, inspectedOf(served), order.path) };
    }
    case 'parts': {
      const { parts } = await openDocument(config.path, process.env, new FileMemory());
      return { kind: 'parts', parts };
    }
    case 'try':
      return { kind: 'try', trial: await tried(config, order.candidates, order.compare) };
    default:
      return unreachable(order);
  }
}

function studiesOf({ path, overrides }: StudiedConfig): Studies {
  return new Studies(path, { environment: process.env, overrides });
}

function servedOf(config: StudiedConfig): Promise<Study> {
  return studiesOf(config).look(new Map(), config.document);
}

function inspectedOf({ inspected, loaded }: Study): Inspected {
  if (inspected !== null) return inspected;
  const first = loaded.diagnostics.find(({ severity }) => severity === 'error');
  const why = first === undefined ? '' : `: ${first.file}:${first.line}: ${first.message}`;
  throw new SluiceError('configuration-bad', `the files cannot be used${why}`, 'see POST /api/v1/config/validate');
}

async function tried(config: StudiedConfig, given: Candidates, compare: boolean): Promise<Trial> {
  const { path } = config;
  const candidates = new Map(
    [...given].map(([file, bytes]) => [file, bytes === null ? null : Buffer.from(bytes)] as const),
  );
  const studies = studiesOf(config);
  const before = await studies.look(new Map(), config.document);
  const after = await studies.look(candidates);
  const parts = new Set(after.loaded.document?.parts);
  const strangers = [...candidates].filter(([file, bytes]) => bytes !== null && !parts.has(file)).map(([file]) => file);
  const problems = [...after.loaded.diagnostics];
  const [was, is] = [before.inspected?.config ?? null, after.inspected?.config ?? null];
  if (is?.sites.length === 0 && (was?.sites.length ?? 0) > 0) problems.push(noSitesProblem(path));
  const isValid = is !== null && !problems.some(({ severity }) => severity === 'error');
  const isCompared = compare && isValid && was !== null;
  return {
    problems: problems.slice(0, problemsPerAnswerMax),
    problemsTotal: problems.length,
    isValid,
    strangers,
    plan: isCompared ? planOf(was, is) : null,
    settings: isCompared ? changedSettings(before, after, changesPerAnswerMax) : null,
  };
}

function failure(error: unknown): StudyAnswer {
  if (error instanceof SluiceError) {
    const { code, message, remedy } = error;
    return { kind: 'failed', code, message, remedy };
  }
  return { kind: 'failed', code: 'configuration-not-read', message: messageOf(error), remedy: '' };
}

parentPort?.on('message', (question: StudyQuestion) => {
  void answer(question)
    .catch(failure)
    .then((found) => parentPort?.postMessage(found));
});
