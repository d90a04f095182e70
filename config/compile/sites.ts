/** `sites`: names, ids, bindings and limits; the applications below them are compiled elsewhere. */
import { nodeAt, type Path } from '../load/source.js';
import type { BindingConfig, SiteConfig } from '../model.js';
import { type SiteSettings, siteSettings } from '../schema/root.js';
import { type BindingParts, parseAddressBlock, parseBindingInformation } from './addresses.js';
import { inherit, isPlain, textOf } from './inherit.js';
import { compileSiteLog } from './logs.js';
import { compileTracing } from './tracing.js';
import type { Entry, LoadMemory } from './memory.js';
import type { Report } from './report.js';
import {
  type NamedCertificate,
  Protocols,
  protocolOf,
  redirectPort,
  strictTransportSecurity,
  type TlsCompiler,
} from './tls.js';

export interface CompiledSite {
  readonly config: SiteConfig;
  readonly path: Path;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly entry: Entry;
  /** The site's own, else siteDefaults'; undefined = neither says it. */
  readonly maxAllowedContentLength: number | undefined;
  /** `siteDefaults` as they were. */
  readonly defaults: unknown;
  /** What its https bindings name, and what they depend on beside the site's own file and `defaults`. */
  readonly certificates: readonly NamedCertificate[];
  readonly tlsInputs: string;
  /** Of its bindings. */
  readonly bindingKeys: readonly string[];
}

export function compileSites(
  entries: readonly Entry[],
  defaults: unknown,
  report: Report,
  tls: TlsCompiler,
  memory: LoadMemory,
): CompiledSite[] {
  const compiler = new Bindings(report, tls);
  const names = new Set<string>();
  const ids = siteIds(entries, report);
  const sites: CompiledSite[] = [];
  for (const [index, entry] of entries.entries()) {
    const raw = entry.plain;
    if (!isPlain(raw)) continue;
    const path: Path = ['sites', index];
    const name = textOf(raw['name']);
    if (names.has(name.toLowerCase())) {
      report.at([...path, 'name'], { code: 'duplicate-name', message: `there is another site named ${name}` });
    }
    names.add(name.toLowerCase());
    const id = ids[index] ?? index + 1;
    const known = entry.site;
    if (known !== null && isAsBefore(known, defaults, tls) && compiler.take(known, path)) {
      tls.keep(known.certificates, path);
      const config = known.config.id === id ? known.config : { ...known.config, id };
      entry.site = config === known.config && path[1] === known.path[1] ? known : { ...known, path, config };
      sites.push(entry.site);
      continue;
    }
    const said = report.diagnostics.length;
    const named = tls.count;
    const own = Object.fromEntries(
      Object.keys(siteSettings.shape)
        .map((key) => [key, raw[key]])
        .filter((pair) => pair[1] !== undefined),
    );
    const settings = siteSettings.parse(inherit(defaults, own));
    const { connectionTimeout, maxUrlSegments: _, ...limits } = settings.limits;
    const bindings = compiler.compile(raw['bindings'], path, settings);
    const made: CompiledSite = {
      path,
      raw,
      entry,
      defaults,
      certificates: tls.namedSince(named),
      tlsInputs: tls.inputs,
      bindingKeys: bindings.map(bindingKey),
      maxAllowedContentLength: settings.security.requestFiltering.requestLimits.maxAllowedContentLength,
      config: {
        id,
        name,
        bindings,
        limits: {
          ...limits,
          connectionTimeoutMs: connectionTimeout,
          maxBandwidth: limitOf(limits.maxBandwidth),
          maxBandwidthPerAddress: limitOf(limits.maxBandwidthPerAddress),
        },
        logFile: compileSiteLog(settings),
        tracing: compileTracing(settings),
        strictTransportSecurity: strictTransportSecurity(settings),
        redirectPort: redirectPort(settings, bindings, path, report),
      },
    };
    const before = memory.named('sites', name, entry);
    const isSame = before !== null && JSON.stringify(before.site?.config) === JSON.stringify(made.config);
    const site = isSame && before.site !== null ? { ...made, config: before.site.config } : made;
    entry.applicationsBefore = before?.applications ?? null;
    sites.push(site);
    entry.site = report.diagnostics.length === said ? site : null;
  }
  return sites;
}

function isAsBefore(known: CompiledSite, defaults: unknown, tls: TlsCompiler): boolean {
  return known.defaults === defaults && (known.certificates.length === 0 || known.tlsInputs === tls.inputs);
}

/** IIS writes "no limit" as the largest number. */
function limitOf(bytesPerSecond: number): number {
  return bytesPerSecond === 4_294_967_295 ? 0 : bytesPerSecond;
}

/**
 * Written ids first. The others of the main file count from 1 around them; in an included file the id comes from the
 * name (as in IIS 6), so that no site gets another one because a file was added.
 */
function siteIds(entries: readonly Entry[], report: Report): number[] {
  const written = entries.map(({ plain: raw }) => (isPlain(raw) && typeof raw['id'] === 'number' ? raw['id'] : 0));
  const taken = new Set<number>();
  for (const [index, id] of written.entries()) {
    if (id !== 0 && taken.has(id))
      report.at(['sites', index, 'id'], { code: 'duplicate-id', message: `another site has the id ${id}` });
    taken.add(id);
  }
  let next = 1;
  return written.map((id, index) => {
    if (id !== 0) return id;
    const entry = entries[index];
    const file = entry?.file || nodeAt(report.root, ['sites', index])?.place.file;
    const isIncluded = file !== report.root.place.file;
    let free = isIncluded && entry !== undefined ? idOfNameIn(entry) : next;
    while (taken.has(free)) free++;
    taken.add(free);
    if (!isIncluded) next = free + 1;
    return free;
  });
}

function idOfNameIn(entry: Entry): number {
  if (entry.idOfName === 0 && isPlain(entry.plain)) entry.idOfName = idOfName(textOf(entry.plain['name']));
  return entry.idOfName;
}

/** 1000000 and more: FNV-1a of the name in lower case. */
function idOfName(name: string): number {
  let hash = 0x811c9dc5;
  for (const unit of Buffer.from(name.toLowerCase())) hash = Math.imul(hash ^ unit, 0x01000193) >>> 0;
  return 1_000_000 + (hash % 2_000_000_000);
}

/** The bindings of all sites: the same address, port and host may be bound once. */
class Bindings {
  private readonly report: Report;
  private readonly tls: TlsCompiler;
  private readonly protocols: Protocols;
  /** The binding that has it: its site, and its place there. */
  private readonly taken = new Map<string, { readonly sitePath: Path; readonly index: number }>();
  /** Port -> the sorted peers of its bindings. */
  private readonly proxies = new Map<number, string>();

  constructor(report: Report, tls: TlsCompiler) {
    this.report = report;
    this.tls = tls;
    this.protocols = new Protocols(report);
  }

  compile(raw: unknown, sitePath: Path, site: SiteSettings): readonly BindingConfig[] {
    const compiled: BindingConfig[] = [];
    for (const [index, item] of (Array.isArray(raw) ? (raw as readonly unknown[]) : []).entries()) {
      const path = [...sitePath, 'bindings', index];
      const parts = isPlain(item) ? this.binding(item, sitePath, index) : null;
      if (parts === null || !isPlain(item)) continue;
      const protocol = protocolOf(item);
      this.protocols.add(protocol, parts.port, path);
      if (protocol === 'http') {
        compiled.push({ protocol, ...parts, h2c: item['http2'] === true, tls: null });
        continue;
      }
      const tls = this.tls.compile(item, path, parts.address, site, sitePath);
      if (tls !== null) compiled.push({ protocol, ...parts, h2c: false, tls });
    }
    return compiled;
  }

  /** Takes bindings that were compiled before; false = something is wrong with them by now, and nothing was taken. */
  take({ config: { bindings }, bindingKeys: keys }: CompiledSite, sitePath: Path): boolean {
    for (const [index, { port, protocol, proxyProtocol }] of bindings.entries()) {
      const peers = this.proxies.get(port);
      if (this.taken.has(keys[index] ?? '') || !this.protocols.fits(protocol, port)) return false;
      if (peers !== undefined && peers !== peersText(proxyProtocol)) return false;
    }
    for (const [index, { port, protocol, proxyProtocol }] of bindings.entries()) {
      this.taken.set(keys[index] ?? '', { sitePath, index });
      if (this.proxies.has(port)) continue;
      this.protocols.add(protocol, port, [...sitePath, 'bindings', index]);
      this.proxies.set(port, peersText(proxyProtocol));
    }
    return true;
  }

  private binding(
    item: Readonly<Record<string, unknown>>,
    sitePath: Path,
    index: number,
  ): (BindingParts & Pick<BindingConfig, 'proxyProtocol'>) | null {
    const path = [...sitePath, 'bindings', index];
    const at = [...path, 'bindingInformation'];
    const parsed = parseBindingInformation(textOf(item['bindingInformation']));
    if (!parsed.ok) {
      this.report.at(at, {
        code: 'bad-binding',
        message: parsed.message,
        remedy: 'such as "*:8080:", "127.0.0.1:8080:shop.example" or "[::1]:8080:"',
      });
      return null;
    }
    const { address, port, host } = parsed.value;
    const key = bindingKey(parsed.value);
    const before = this.taken.get(key);
    if (before !== undefined) {
      const written = [...before.sitePath, 'bindings', before.index, 'bindingInformation'];
      const place = nodeAt(this.report.root, written)?.place;
      this.report.at(at, {
        code: 'duplicate-binding',
        message: `this binding is taken by ${place === undefined ? 'another site' : `${place.file}:${place.line}`}`,
        remedy: 'use another port or host name',
      });
      return null;
    }
    this.taken.set(key, { sitePath, index });
    const proxyProtocol = this.proxyProtocol(item['proxyProtocol'], port, [...path, 'proxyProtocol']);
    return { address, port, host, proxyProtocol };
  }

  /** The header comes before everything that tells bindings of a port apart. */
  private proxyProtocol(raw: unknown, port: number, path: Path): readonly string[] {
    const blocks = (Array.isArray(raw) ? (raw as readonly unknown[]) : []).map((text, index) => {
      const parsed = parseAddressBlock(textOf(text));
      if (parsed.ok) return parsed.value;
      this.report.at([...path, index], { code: 'bad-address', message: parsed.message });
      return textOf(text);
    });
    const written = peersText(blocks);
    const before = this.proxies.get(port);
    if (before !== undefined && before !== written) {
      this.report.at(written === '' ? path.slice(0, -1) : path, {
        code: 'proxy-protocol-differs',
        message: `proxyProtocol differs from that of another binding of port ${port}`,
        remedy: 'write the same peers at every binding of the port',
      });
    }
    this.proxies.set(port, before ?? written);
    return blocks;
  }
}

function bindingKey({ address, port, host }: BindingParts): string {
  return `${address} ${port} ${host}`;
}

function peersText(peers: readonly string[]): string {
  return [...peers].sort().join(' ');
}
