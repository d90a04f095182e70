/** `sites`: names, ids, bindings and limits; the applications below them are compiled elsewhere. */
import { nodeAt, type Path } from '../load/source.js';
import type { BindingConfig, SiteConfig } from '../model.js';
import { type SiteSettings, siteSettings } from '../schema/root.js';
import { type BindingParts, parseAddressBlock, parseBindingInformation } from './addresses.js';
import { inherit, isPlain, textOf } from './inherit.js';
import type { Report } from './report.js';
import { Protocols, protocolOf, redirectPort, strictTransportSecurity, type TlsCompiler } from './tls.js';

export interface CompiledSite {
  readonly config: SiteConfig;
  readonly path: Path;
  readonly raw: Readonly<Record<string, unknown>>;
  /** The site's own, else siteDefaults'; undefined = neither says it. */
  readonly maxAllowedContentLength: number | undefined;
}

export function compileSites(
  rawSites: readonly unknown[],
  defaults: unknown,
  report: Report,
  tls: TlsCompiler,
): CompiledSite[] {
  const compiler = new Bindings(report, tls);
  const names = new Map<string, number>();
  const ids = siteIds(rawSites, report);
  const sites: CompiledSite[] = [];
  for (const [index, raw] of rawSites.entries()) {
    if (!isPlain(raw)) continue;
    const path: Path = ['sites', index];
    const name = textOf(raw['name']);
    if (names.has(name.toLowerCase())) {
      report.at([...path, 'name'], { code: 'duplicate-name', message: `there is another site named ${name}` });
    }
    names.set(name.toLowerCase(), index);
    const own = Object.fromEntries(
      Object.keys(siteSettings.shape)
        .map((key) => [key, raw[key]])
        .filter((pair) => pair[1] !== undefined),
    );
    const settings = siteSettings.parse(inherit(defaults, own));
    const { connectionTimeout, maxUrlSegments: _, ...limits } = settings.limits;
    const bindings = compiler.compile(raw['bindings'], path, settings);
    sites.push({
      path,
      raw,
      maxAllowedContentLength: settings.security.requestFiltering.requestLimits.maxAllowedContentLength,
      config: {
        id: ids[index] ?? index + 1,
        name,
        bindings,
        limits: {
          ...limits,
          connectionTimeoutMs: connectionTimeout,
          maxBandwidth: limitOf(limits.maxBandwidth),
          maxBandwidthPerAddress: limitOf(limits.maxBandwidthPerAddress),
        },
        strictTransportSecurity: strictTransportSecurity(settings),
        redirectPort: redirectPort(settings, bindings, path, report),
      },
    });
  }
  return sites;
}

/** IIS writes "no limit" as the largest number. */
function limitOf(bytesPerSecond: number): number {
  return bytesPerSecond === 4_294_967_295 ? 0 : bytesPerSecond;
}

/** Written ids first; the others count from 1 around them. */
function siteIds(rawSites: readonly unknown[], report: Report): number[] {
  const written = rawSites.map((raw) => (isPlain(raw) && typeof raw['id'] === 'number' ? raw['id'] : 0));
  const taken = new Set<number>();
  for (const [index, id] of written.entries()) {
    if (id !== 0 && taken.has(id))
      report.at(['sites', index, 'id'], { code: 'duplicate-id', message: `another site has the id ${id}` });
    taken.add(id);
  }
  let next = 1;
  return written.map((id) => {
    if (id !== 0) return id;
    while (taken.has(next)) next++;
    taken.add(next);
    return next;
  });
}

/** The bindings of all sites: the same address, port and host may be bound once. */
class Bindings {
  private readonly report: Report;
  private readonly tls: TlsCompiler;
  private readonly protocols: Protocols;
  private readonly taken = new Map<string, string>();
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
      const parts = isPlain(item) ? this.binding(item, path) : null;
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

  private binding(
    item: Readonly<Record<string, unknown>>,
    path: Path,
  ): (BindingParts & Pick<BindingConfig, 'proxyProtocol'>) | null {
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
    const key = `${address} ${port} ${host}`;
    const before = this.taken.get(key);
    if (before !== undefined) {
      this.report.at(at, {
        code: 'duplicate-binding',
        message: `this binding is taken by ${before}`,
        remedy: 'use another port or host name',
      });
      return null;
    }
    const place = nodeAt(this.report.root, at)?.place;
    this.taken.set(key, place === undefined ? 'another site' : `${place.file}:${place.line}`);
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
    const written = [...blocks].sort().join(' ');
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
