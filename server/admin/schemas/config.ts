/** What the routes of the configuration take and answer. */
import { z } from 'zod';
import {
  changesPerAnswerMax,
  configHistoryNoteCharsMax,
  settingPathCharsMax,
  settingsPerAnswer,
  settingsPerAnswerMax,
} from '../../../config/base/config-history-limits.js';
import { problemSchema } from '../frame/errors.js';

const source = z.object({
  from: z.string().describe('Section that says it, or default, detection, machine'),
  file: z.string(),
  line: z.number(),
  column: z.number(),
});

export const problem = z.object({
  severity: z.enum(['error', 'warning']),
  code: z.string(),
  file: z.string(),
  line: z.number(),
  column: z.number(),
  path: z.string(),
  message: z.string(),
  remedy: z.string(),
});

export const valuesQuery = z.strictObject({
  path: z.string().max(settingPathCharsMax).default(''),
  written: z.enum(['true', 'false']).default('false').describe('true: only what a file says, without defaults'),
  offset: z.coerce.number().int().min(0).max(100_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(settingsPerAnswerMax).default(settingsPerAnswer),
});

export const valuesAnswer = z.object({
  path: z.string(),
  values: z.array(z.object({ path: z.string(), value: z.unknown(), source })),
  total: z.number(),
});

export const explainQuery = z.strictObject({ path: z.string().min(1).max(settingPathCharsMax) });

export const explainAnswer = z.object({
  path: z.string(),
  kind: z.enum(['setting', 'section']),
  value: z.unknown(),
  source,
  written: z.array(source.extend({ value: z.unknown() })),
  default: z.unknown(),
  type: z.string(),
  unit: z.string(),
  description: z.string(),
  change: z.enum(['reload', 'recycle', 'restart']),
  acts: z.enum(['yes', 'not-yet', 'not-here']),
  secret: z.boolean(),
  inside: z.array(z.string()),
});

const file = z.object({
  file: z.string(),
  hash: z.string().describe('Empty: the file is not there'),
  bytes: z.number(),
  notWritable: z.string().describe('Empty: it may be written through the API'),
});

export const filesAnswer = z.object({
  main: z.string(),
  hash: z.string().describe('Over all files'),
  version: z.string().describe('Of what serves'),
  files: z.array(file),
});

const filePath = z
  .string()
  .max(4_096)
  .refine((path) => !path.includes('\0'), { error: 'a path cannot hold NUL' })
  .default('')
  .describe('Empty: the main file; else absolute, or relative to its folder');

export const fileQuery = z.strictObject({ file: filePath });
export const fileAnswer = file.extend({ text: z.string() });

export const candidateBody = z.strictObject({ file: filePath, text: z.string() });

const hash = z.string().max(128).optional().describe('What you saw (also as If-Match); * = whatever is there');
const note = z.string().max(configHistoryNoteCharsMax).default('').describe('For the history');

export const applyBody = z.strictObject({ file: filePath, text: z.string(), hash, note });
export const rollbackBody = z.strictObject({ hash, note });
export const entryParams = z.strictObject({ id: z.coerce.number().int().min(1).max(1_000_000_000) });

const names = z.object({ added: z.array(z.string()), removed: z.array(z.string()), changed: z.array(z.string()) });

const plan = z
  .object({
    pools: z.array(z.object({ pool: z.string(), change: z.enum(['added', 'removed', 'recycle', 'live']) })),
    routes: z.boolean(),
    restart: z.array(z.string()).describe('Settings that act at the next start only'),
    sites: names,
    applications: names,
  })
  .nullable();

const side = z.object({ value: z.unknown(), source }).nullable();

export const trialAnswer = z
  .object({
    valid: z.boolean(),
    problems: z.array(problem),
    problemsTotal: z.number(),
    plan,
    settings: z
      .object({
        changes: z.array(z.object({ path: z.string(), before: side, after: side })).max(changesPerAnswerMax),
        total: z.number(),
      })
      .nullable(),
  })
  .meta({ id: 'Trial' });

export const applyAnswer = z
  .object({
    outcome: z.enum(['applied', 'refused']),
    problems: z.array(problem),
    reasons: z.array(z.string()),
    plan,
    acknowledged: z.boolean(),
    version: z.string(),
    hash: z.string(),
    entry: z.number(),
  })
  .meta({ id: 'Applied' });

export const applyRefusal = applyAnswer.extend(problemSchema.shape).meta({ id: 'ApplyRefused' });

export const historyAnswer = z.object({
  entries: z.array(
    z.object({
      id: z.number(),
      atMs: z.number(),
      by: z.string(),
      cause: z.string(),
      note: z.string(),
      hash: z.string(),
      version: z.string(),
      summary: z.string(),
      files: z.number(),
      canBeRestored: z.boolean(),
    }),
  ),
});
