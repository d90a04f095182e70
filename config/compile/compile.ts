/** From a path to a compiled configuration: read, check, inherit, resolve, freeze. Never throws for bad input. */
import type { z } from 'zod';
import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '../base/diagnostics.js';
import { messageOf } from '../base/errors.js';
import { configEntriesMax } from '../base/limits.js';
import { type Environment, placeOfFile } from '../load/expand.js';
import { FileMemory } from '../load/file-memory.js';
import { diagnosticAt, type MapNode, type SourceNode, toPlain } from '../load/source.js';
import { Sources } from '../load/sources.js';
import { readLastGood } from '../change/last-good.js';
import { hideSecrets } from '../docs/redact.js';
import type { CompiledConfig, Isolation } from '../model.js';
import { childSchema, settings } from '../schema/annotations.js';
import { type ServerSettings, rootSchema, rootType, serverSchema } from '../schema/root.js';
import { Applications } from './applications.js';
import { isPlain, textOf } from './inherit.js';
import { shapeDiagnostics } from './issues.js';
import { Entry, LoadMemory } from './memory.js';
import { warnAboutSettingsThatDoNotAct } from './not-acting.js';
import { openDocument, type OpenedDocument } from './open-document.js';
import { Pools } from './pools.js';
import { Report } from './report.js';
import { defaultFolders } from './default-folders.js';
import { compileServer } from './server.js';
import { compileSites } from './sites.js';
import { soundPart } from './sound-part.js';
import { TlsCompiler } from './tls.js';
import type { WebConfigOrigins } from './web-config-origin.js';

export interface LoadOptions {
  readonly environment: Environment;
  /** When the configuration is bad, use the stored copy of the last one that served. */
  readonly lastGood?: boolean;
  readonly overrides?: { readonly isolation?: Isolation };
  /**
   * A document that served before: it is used as it was, and only what belongs to the applications (web.config
   * files, folders) is read. What is wrong with an application that is served alone then stays with it.
   */
  readonly document?: OpenedDocument;
  /** Of the load before with the same path, environment and overrides: what it knows is not done again. */
  readonly memory?: LoadMemory;
  /** The only files that may have changed since then; absent: any. */
  readonly changed?: ReadonlySet<string>;
  /** Takes what web.config files say, with positions; of a load without `memory` it gets all of them. */
  readonly origins?: WebConfigOrigins;
  /** For tests: the user that defaults are chosen for; otherwise that of this process. */
  readonly uid?: number;
}

export interface LoadResult {
  /** null exactly when there is an error among the diagnostics. */
  readonly config: CompiledConfig | null;
  readonly diagnostics: readonly Diagnostic[];
  /** Values that no view, log or page may show; for `redact`. Never part of the configuration itself. */
  readonly secrets?: readonly string[];
  /** For a later load that reads only what belongs to the applications. Holds secrets. */
  readonly document?: OpenedDocument;
  /** Hash over everything that was read: the same bad files need no second report. */
  readonly contents?: string;
}

/**
 * Loads the configuration at `path`: a .yaml, .yml or .json file, or the folder of one application,
 * which is then served on port 8080 without any configuration.
 */
export async function loadConfig(path: string, options: LoadOptions): Promise<LoadResult> {
  const file = resolve(path);
  const memory = options.memory ?? new LoadMemory();
  memory.begin(options.changed ?? null);
  try {
    const result = await load(file, options, memory);
    return result.config === null && options.lastGood === true ? await lastGood(file, options, result) : result;
  } catch (error) {
    const message = `the configuration could not be compiled: ${messageOf(error)}`;
    const remedy = 'this is a fault of Sluice; please report it';
    return {
      config: null,
      diagnostics: [diagnosticAt(placeOfFile(file), { code: 'internal-error', message, remedy })],
    };
  }
}

/** The stored copy with the problems of the file as warnings; what was found wrong stays visible. */
async function lastGood(file: string, options: LoadOptions, bad: LoadResult): Promise<LoadResult> {
  const uid = options.uid ?? process.getuid?.() ?? 0;
  const { root } = await openDocument(file, options.environment, new FileMemory());
  const written = root?.entries.get('stateDir')?.value;
  const own = written?.kind === 'scalar' && typeof written.value === 'string' ? written : null;
  const stateDir =
    own === null ? defaultFolders(file, options.environment, uid).stateDir : resolve(dirname(own.place.file), own.text);
  const stored = await readLastGood(stateDir, file);
  if (stored === null) return bad;
  const diagnostics = bad.diagnostics.map((one): Diagnostic => ({ ...one, severity: 'warning' }));
  const message = 'this file is not used: the stored copy of the last good configuration serves';
  const remedy = 'correct the problems and reload';
  diagnostics.push(diagnosticAt(placeOfFile(file), { severity: 'warning', code: 'last-good', message, remedy }));
  return { config: deepFreeze({ ...stored, warnings: diagnostics }), diagnostics };
}

/** The same, for `sluice check`. */
export const checkConfig = loadConfig;

async function load(file: string, options: LoadOptions, memory: LoadMemory): Promise<LoadResult> {
  const document = options.document ?? (await openDocument(file, options.environment, memory.files));
  const sources = new Sources();
  const result = await judge(file, document, sources, options, memory);
  const judged = { ...result, document, contents: sources.digest(document.hash) };
  if (!document.alone || options.document !== undefined) return judged;
  // Nothing else is served: what is wrong with the only application is an error.
  const failure = result.config?.applications[0]?.failure ?? null;
  if (failure === null) return judged;
  return { ...judged, config: null, diagnostics: [{ ...failure.diagnostic, severity: 'error', path: '' }] };
}

async function judge(
  file: string,
  document: OpenedDocument,
  sources: Sources,
  options: LoadOptions,
  memory: LoadMemory,
): Promise<LoadResult> {
  if (document.root === null) return { config: null, diagnostics: document.diagnostics };
  const report = new Report(document.root);
  for (const diagnostic of document.diagnostics) report.push(diagnostic);
  const secrets = new Set<string>();
  const entries = memory.entriesOf(document.root);
  collectAllSecrets(document.root, entries, secrets);
  const raw = plainOf(document.root, entries);
  const issues = shapeIssues(raw, entries);
  for (const diagnostic of shapeDiagnostics(issues, document.root)) report.push(diagnostic);
  // All problems in one go: what is sound is checked on, although nothing of it will be used.
  const sound = issues.length === 0 ? raw : soundPart(raw, issues);
  if (!isPlain(sound)) return finish(null, report, secrets);
  if (issues.length > 0 && !rootSchema.safeParse(sound).success) return finish(null, report, secrets);
  const known = issues.length === 0 ? entries : new Map<string, Entry | readonly Entry[]>();
  const compilation = { file, document, raw: sound, entries: known, report, sources, secrets, options, memory };
  return finish(await compile(compilation), report, secrets);
}

type Entries = ReadonlyMap<string, Entry | readonly Entry[]>;

function plainOf(root: MapNode, entries: Entries): Readonly<Record<string, unknown>> {
  const plain: Record<string, unknown> = Object.create(null);
  for (const [key, { value }] of root.entries) {
    const known = entries.get(key);
    if (known === undefined) plain[key] = toPlain(value);
    else plain[key] = known instanceof Entry ? known.plain : known.map((entry) => entry.plain);
  }
  return plain;
}

/** What is wrong with the shape of `raw`. Entries that were right before are not looked at again. */
function shapeIssues(raw: Readonly<Record<string, unknown>>, entries: Entries): readonly z.core.$ZodIssue[] {
  const fresh: Record<string, unknown> = Object.assign(Object.create(null), raw);
  const unknown: Entry[] = [];
  for (const [key, list] of entries) {
    if (list instanceof Entry || list.length > configEntriesMax) continue;
    const left = list.filter((entry) => !entry.isSound);
    fresh[key] = left.map((entry) => entry.plain);
    for (const entry of left) unknown.push(entry);
  }
  if (!rootSchema.safeParse(fresh).success) return rootSchema.safeParse(raw).error?.issues ?? [];
  for (const entry of unknown) entry.isSound = true;
  return [];
}

interface Compilation {
  readonly file: string;
  readonly document: OpenedDocument;
  readonly raw: Readonly<Record<string, unknown>>;
  /** Of `raw`, where it is whole. */
  readonly entries: Entries;
  readonly report: Report;
  /** Takes what is read for the applications. */
  readonly sources: Sources;
  readonly secrets: Set<string>;
  readonly options: LoadOptions;
  readonly memory: LoadMemory;
}

async function compile(compilation: Compilation): Promise<CompiledConfig | null> {
  const { file, document, raw, entries, report, sources, secrets, options, memory } = compilation;
  const uid = options.uid ?? process.getuid?.() ?? 0;
  const server = compileServer(serverSettingsOf(raw), report, file, options.environment, uid);
  const pools = new Pools(raw['applicationPoolDefaults'], {
    report,
    secrets,
    isRoot: uid === 0,
    isolation: options.overrides?.isolation,
    memory,
  });
  const listed = (key: string): readonly Entry[] => {
    const known = entries.get(key);
    return known === undefined || known instanceof Entry ? listOf(raw[key]).map((one) => new Entry(one)) : known;
  };
  for (const [index, entry] of listed('applicationPools').entries()) {
    const pool = entry.plain;
    if (isPlain(pool)) await pools.declare(textOf(pool['name']), entry, ['applicationPools', index]);
  }
  const tls = new TlsCompiler(report, serverSettingsOf(raw), memory);
  const sites = compileSites(listed('sites'), raw['siteDefaults'], report, tls, memory);
  await tls.checkFiles();
  const applications = new Applications({
    defaults: raw['applicationDefaults'],
    report,
    pools,
    sources,
    secrets,
    memory,
    origins: options.origins ?? null,
  });
  for (const site of sites) await applications.addSite(site);
  await applications.compile();
  applications.finish();
  pools.finish();
  if (report.failed) return null;
  warnAboutSettingsThatDoNotAct(report, entries);
  if (sites.length === 0) {
    report.at([], {
      severity: 'warning',
      code: 'no-sites',
      message: 'there are no sites: nothing is served',
      remedy: 'add one under sites',
    });
  }
  return {
    version: sources.digest(document.hash + JSON.stringify([file, server]) + pools.digest()),
    sources: document.files,
    applicationSources: applications.files,
    file,
    server,
    pools: pools.list(),
    sites: sites.map((site) => site.config),
    applications: applications.list,
    warnings: report.diagnostics.map((warning) => hidden(warning, secrets)),
  };
}

function serverSettingsOf(raw: Readonly<Record<string, unknown>>): ServerSettings {
  return serverSchema.parse(raw);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function collectAllSecrets(root: MapNode, entries: Entries, secrets: Set<string>): void {
  for (const [key, { value }] of root.entries) {
    const list = entries.get(key);
    const schema = childSchema(rootType, key);
    if (value.kind !== 'list' || list === undefined || list instanceof Entry) {
      collectSecrets(value, schema, secrets);
      continue;
    }
    const element = schema === null ? null : childSchema(schema, 0);
    for (const [index, entry] of list.entries()) {
      const item = value.items[index];
      if (entry.secrets === null && item !== undefined) {
        const found = new Set<string>();
        collectSecrets(item, element, found);
        entry.secrets = [...found];
      }
      for (const text of entry.secrets ?? []) secrets.add(text);
    }
  }
}

/** What came from a file, and the values of settings that are secret wherever they came from. */
function collectSecrets(node: SourceNode, schema: z.ZodType | null, secrets: Set<string>): void {
  if (node.kind === 'scalar') {
    const marked = schema !== null && settings.get(schema)?.secret === true;
    if ((node.secret || marked) && node.text !== '') secrets.add(node.text);
    return;
  }
  const below = (step: PropertyKey): z.ZodType | null => (schema === null ? null : childSchema(schema, step));
  if (node.kind === 'list') for (const item of node.items) collectSecrets(item, below(0), secrets);
  else for (const [key, entry] of node.entries) collectSecrets(entry.value, below(key), secrets);
}

function hidden(diagnostic: Diagnostic, secrets: ReadonlySet<string>): Diagnostic {
  return {
    ...diagnostic,
    message: hideSecrets(diagnostic.message, secrets),
    remedy: hideSecrets(diagnostic.remedy, secrets),
  };
}

function finish(config: CompiledConfig | null, report: Report, secrets: ReadonlySet<string>): LoadResult {
  const diagnostics = inReadingOrder(report.diagnostics.map((diagnostic) => hidden(diagnostic, secrets)));
  if (config === null) return { config: null, diagnostics };
  return { config: deepFreeze(config), diagnostics, secrets: [...secrets] };
}

/** In reading order within a file; files in the order of their first problem. */
function inReadingOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const files = [...new Set(diagnostics.map((diagnostic) => diagnostic.file))];
  return files.flatMap((file) =>
    diagnostics.filter((one) => one.file === file).sort((a, b) => a.line - b.line || a.column - b.column),
  );
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
