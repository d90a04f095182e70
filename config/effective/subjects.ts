/** What a configuration sets: the server, each pool, site and application, with the layers that say something about it. */
import { z } from 'zod';
import { keyOf } from '../compile/web-config-layers.js';
import { type MapNode, nodeAt, type SourceNode } from '../load/source.js';
import type { ApplicationConfig, CompiledConfig, PoolConfig, ServerConfig, SiteConfig } from '../model.js';
import { asType, childSchema } from '../schema/annotations.js';
import {
  applicationDefaults,
  hostingSettings,
  poolSettings,
  rootType,
  serverSchema,
  siteSettings,
} from '../schema/root.js';
import type { NamesAt, Step } from './setting-path.js';

/** One place that may set something, strongest first. */
export interface Layer {
  /** `applicationPools`, `applicationPoolDefaults`, `web.config` ... */
  readonly section: string;
  /** What it says; null = nothing. */
  readonly node: SourceNode | null;
}

/** What takes effect where no layer says anything and the schema has no default. */
export interface Found {
  readonly value: unknown;
  /** `detection`, `machine`, `command line`. */
  readonly from: string;
}

export interface Subject {
  readonly prefix: readonly Step[];
  readonly schema: z.ZodObject;
  readonly layers: readonly Layer[];
  /** What it was compiled to: the same object as long as nothing of it has changed, in loads with one memory. */
  readonly compiled: object;
  /** Layers of single settings that come before the defaults, by their path below the prefix. */
  readonly special?: ReadonlyMap<string, readonly Layer[]>;
  found?(path: string): Found | null;
}

export interface Inspected {
  readonly root: MapNode;
  readonly config: CompiledConfig;
  /** By application id: what its web.config files say, as `hosting` and `security` would. */
  readonly webConfigs: ReadonlyMap<string, MapNode>;
}

/** In the order of the file. */
export function* subjectsOf(inspected: Inspected): Generator<Subject> {
  const { root, config } = inspected;
  yield serverSubject(root, config.server);
  const pools = entriesByName(root, 'applicationPools', 'name');
  for (const pool of config.pools) yield poolSubject(root, pool, pools.get(pool.name.toLowerCase()) ?? null);
  const sites = entriesByName(root, 'sites', 'name');
  const ofSite = new Map<string, ApplicationConfig[]>(config.sites.map(({ name }) => [name, []]));
  for (const application of config.applications) ofSite.get(application.site)?.push(application);
  for (const site of config.sites) {
    const entry = sites.get(site.name.toLowerCase()) ?? null;
    yield siteSubject(root, site, entry);
    const applications = entry === null ? new Map<string, SourceNode>() : applicationEntries(entry);
    for (const application of ofSite.get(site.name) ?? []) {
      const own = applications.get(keyOf(application.path)) ?? null;
      yield* applicationSubjects(inspected, application, own, entry);
    }
  }
}

/** Nothing that is said about it, and nothing that was made of it, differs: its settings need no comparison. */
export function isSameSubject(a: Subject, b: Subject): boolean {
  return a.compiled === b.compiled && isSameList(a.layers, b.layers) && isSameList(specialOf(a), specialOf(b));
}

function specialOf({ special }: Subject): readonly Layer[] {
  return special === undefined ? [] : [...special.values()].flat();
}

function isSameList(a: readonly Layer[], b: readonly Layer[]): boolean {
  return a.length === b.length && a.every(({ node }, index) => node === b[index]?.node);
}

/** The names that a path may hold. */
export function namesOf({ config }: Pick<Inspected, 'config'>): NamesAt {
  return (before) => {
    const [list, name, inner] = before;
    if (before.length === 1 && list === 'applicationPools') return config.pools.map((pool) => pool.name);
    if (before.length === 1 && list === 'sites') return config.sites.map((site) => site.name);
    if (before.length !== 3 || list !== 'sites' || inner !== 'applications') return null;
    return config.applications.filter(({ site }) => site === name).map(({ path }) => path);
  };
}

function serverSubject(root: MapNode, server: ServerConfig): Subject {
  const machine: Readonly<Record<string, unknown>> = {
    listeners: server.listeners,
    runDir: server.runDir,
    stateDir: server.stateDir,
    logDir: server.logDir,
    'admin.socket': server.admin.socket,
  };
  const found = (path: string): Found | null =>
    Object.hasOwn(machine, path) ? { value: machine[path], from: 'machine' } : null;
  return { prefix: [], schema: serverSchema, layers: [{ section: 'server', node: root }], compiled: server, found };
}

function poolSubject(root: MapNode, pool: PoolConfig, entry: SourceNode | null): Subject {
  return {
    prefix: ['applicationPools', pool.name],
    schema: poolSettings,
    compiled: pool,
    layers: [
      { section: 'applicationPools', node: entry },
      { section: 'applicationPoolDefaults', node: nodeAt(root, ['applicationPoolDefaults']) },
    ],
    found: (path) => (path === 'isolation' ? { value: pool.isolation, from: 'machine' } : null),
  };
}

const siteSchema = z.object({
  ...siteSettings.shape,
  id: schemaAt(['sites', 0, 'id']),
  bindings: schemaAt(['sites', 0, 'bindings']),
});

function siteSubject(root: MapNode, site: SiteConfig, entry: SourceNode | null): Subject {
  return {
    prefix: ['sites', site.name],
    schema: siteSchema,
    compiled: site,
    layers: [
      { section: 'sites', node: entry },
      { section: 'siteDefaults', node: nodeAt(root, ['siteDefaults']) },
    ],
    found: (path) => (path === 'id' ? { value: site.id, from: 'machine' } : null),
  };
}

const applicationSchema = z.object({
  physicalPath: schemaAt(['sites', 0, 'applications', 0, 'physicalPath']),
  ...applicationDefaults.shape,
});

function* applicationSubjects(
  { root, webConfigs }: Inspected,
  application: ApplicationConfig,
  entry: SourceNode | null,
  site: SourceNode | null,
): Generator<Subject> {
  const prefix = ['sites', application.site, 'applications', application.path];
  const webConfig = webConfigs.get(application.id) ?? null;
  const below = (node: SourceNode | null, key: string): SourceNode | null =>
    node === null ? null : nodeAt(node, [key]);
  const ofDefaults: readonly Layer[] = [
    { section: 'applicationDefaults', node: below(site, 'applicationDefaults') },
    { section: 'applicationDefaults', node: nodeAt(root, ['applicationDefaults']) },
  ];
  const ofLimit: readonly Layer[] = [
    { section: 'sites', node: entry },
    { section: 'web.config', node: webConfig },
    { section: 'sites', node: site },
    { section: 'siteDefaults', node: nodeAt(root, ['siteDefaults']) },
    ...ofDefaults,
  ];
  yield {
    prefix,
    schema: applicationSchema,
    compiled: application,
    layers: [{ section: 'sites', node: entry }, ...ofDefaults],
    special: new Map([['security.requestFiltering.requestLimits.maxAllowedContentLength', ofLimit]]),
    found: (path) => (path === 'applicationPool' ? { value: application.pool, from: 'machine' } : null),
  };
  yield {
    prefix: [...prefix, 'hosting'],
    schema: hostingSettings,
    compiled: application,
    layers: [
      { section: 'hosting', node: below(entry, 'hosting') },
      { section: 'web.config', node: below(webConfig, 'hosting') },
    ],
    found: (path) => detected(application, path),
  };
}

/** What nobody wrote and the folder told. */
function detected({ hosting }: ApplicationConfig, path: string): Found | null {
  if (hosting === null) return null;
  if (path === 'hostingModel') return { value: hosting.hostingModel, from: 'detection' };
  if (path === 'requestTimeout') return { value: hosting.requestTimeoutMs === 0 ? null : '00:02:00', from: 'default' };
  if (hosting.source !== 'detection') return null;
  if (path === 'processPath')
    return { value: hosting.processPath === '' ? null : hosting.processPath, from: 'detection' };
  if (path !== 'arguments') return null;
  const all = hosting.hostingModel === 'InProcess' ? [hosting.entry, ...hosting.arguments] : hosting.arguments;
  return { value: all.join(' '), from: 'detection' };
}

function entriesByName(root: MapNode, list: string, key: string): ReadonlyMap<string, SourceNode> {
  const found = new Map<string, SourceNode>();
  for (const item of itemsOf(nodeAt(root, [list]))) {
    const name = nodeAt(item, [key]);
    if (name?.kind === 'scalar') found.set(name.text.toLowerCase(), item);
  }
  return found;
}

function applicationEntries(site: SourceNode): ReadonlyMap<string, SourceNode> {
  const found = new Map<string, SourceNode>();
  for (const item of itemsOf(nodeAt(site, ['applications']))) {
    const path = nodeAt(item, ['path']);
    if (path?.kind === 'scalar') found.set(keyOf(path.text.replace(/\/+$/, '')), item);
  }
  return found;
}

function itemsOf(node: SourceNode | null): readonly SourceNode[] {
  return node?.kind === 'list' ? node.items : [];
}

function schemaAt(path: readonly PropertyKey[]): z.ZodType {
  let schema = rootType;
  for (const step of path) schema = asType(childSchema(schema, step));
  return schema;
}
