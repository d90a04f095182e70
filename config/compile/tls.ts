/** TLS of https bindings: which certificate, which policy. What is in the files is looked at in the end. */
import { dirname, resolve } from 'node:path';
import { readAuthorities, readCertificate } from '../load/certificate-files.js';
import { nodeAt, type Path } from '../load/source.js';
import type { CertificateSource, SiteConfig, TlsConfig } from '../model.js';
import type { ServerSettings, SiteSettings } from '../schema/root.js';
import { textOf } from './inherit.js';
import type { LoadMemory } from './memory.js';
import type { Report } from './report.js';

type CertificateSetting = SiteSettings['certificate'];

const storeFlag = 2;
const noHttp2Flag = 4;
const noTls13Flag = 32;

/** What a TLS configuration names, and where it is named. */
export interface NamedCertificate {
  readonly path: Path;
  readonly source: CertificateSource;
  readonly authoritiesFile: string;
  /** The same for the same files. */
  readonly key: string;
}

export class TlsCompiler {
  readonly #report: Report;
  readonly #store: ServerSettings['certificateStore'];
  readonly #hasAcme: boolean;
  readonly #memory: LoadMemory;
  readonly #named: NamedCertificate[] = [];
  /** What a compiled https binding depends on beside its own file and siteDefaults. */
  readonly inputs: string;

  constructor(
    report: Report,
    { certificateStore, acme }: Pick<ServerSettings, 'certificateStore' | 'acme'>,
    memory: LoadMemory,
  ) {
    this.#report = report;
    this.#store = certificateStore;
    this.#hasAcme = acme !== undefined;
    this.#memory = memory;
    this.inputs = JSON.stringify([
      certificateStore === undefined ? null : this.#stored(certificateStore),
      this.#hasAcme,
    ]);
  }

  /** How many were named so far. */
  get count(): number {
    return this.#named.length;
  }

  namedSince(count: number): readonly NamedCertificate[] {
    return this.#named.slice(count);
  }

  /** Those of a site that is taken as it was compiled before, now at `sitePath`. */
  keep(named: readonly NamedCertificate[], sitePath: Path): void {
    for (const one of named) {
      const isMoved = one.path[1] !== sitePath[1];
      this.#named.push(isMoved ? { ...one, path: [...sitePath, ...one.path.slice(sitePath.length)] } : one);
    }
  }

  /** `site`: the merged settings of the site at `sitePath`. null = reported. */
  compile(
    raw: Readonly<Record<string, unknown>>,
    path: Path,
    address: string,
    site: SiteSettings,
    sitePath: Path,
  ): TlsConfig | null {
    const flags = typeof raw['sslFlags'] === 'number' ? raw['sslFlags'] : 0;
    const source = this.#source(raw['certificate'] as CertificateSetting, path, flags, address, site, sitePath);
    const { mode, authoritiesFile } = site.clientCertificates;
    const at = [...sitePath, 'clientCertificates'];
    if (mode !== 'off' && authoritiesFile === undefined) {
      this.#report.at(this.#report.has(at) ? at : ['siteDefaults', 'clientCertificates'], {
        code: 'authorities-missing',
        message: `clientCertificates.mode ${mode} needs authoritiesFile: nobody else can say which certificates are genuine`,
        remedy: 'set authoritiesFile to a PEM file with the certificates of the authorities',
      });
      return null;
    }
    if (source === null) return null;
    const authorities = mode === 'off' ? '' : this.#absolute(at, 'siteDefaults', authoritiesFile ?? '');
    const key = JSON.stringify([source, authorities]);
    this.#named.push({ path: [...path, 'certificate'], source, authoritiesFile: authorities, key });
    return {
      certificate: source,
      maxVersion: (flags & noTls13Flag) === 0 ? 'TLSv1.3' : 'TLSv1.2',
      http2: raw['http2'] === undefined ? (flags & noHttp2Flag) === 0 : raw['http2'] === true,
      clientCertificates: mode,
      authoritiesFile: authorities,
    };
  }

  /**
   * Opens what the bindings name. A warning, not an error: one site's lapsed certificate must not keep the
   * others from being served. Its own handshakes fail until the file is repaired. Where it is told which files have
   * changed, those that were good are not opened again: who serves them watches them.
   */
  async checkFiles(): Promise<void> {
    const seen = new Set<string>();
    for (const named of this.#named) {
      if (seen.has(named.key)) continue;
      seen.add(named.key);
      if (this.#memory.isGoodCertificate(named.key, filesOf(named))) continue;
      this.#memory.noteCertificate(named.key, await this.#isUsable(named));
    }
    this.#memory.keepCertificates(seen);
  }

  async #isUsable({ path, source, authoritiesFile }: NamedCertificate): Promise<boolean> {
    const read = source.kind === 'pem' || source.kind === 'pfx' ? await readCertificate(source) : null;
    if (read !== null && !read.ok) this.#warn(path, read.file, read.message);
    const authorities = authoritiesFile === '' ? null : await readAuthorities(authoritiesFile);
    if (authorities?.ok === false) this.#warn(path, authorities.file, authorities.message);
    return read?.ok !== false && authorities?.ok !== false;
  }

  #warn(path: Path, file: string, message: string): void {
    const at = this.#report.has(path) ? path : path.slice(0, -1);
    this.#report.at(at, {
      severity: 'warning',
      code: 'certificate-unusable',
      message: `${file}: ${message}`,
      remedy:
        'until the file is good, TLS handshakes for this binding fail, or the certificate that was loaded before serves',
    });
  }

  #source(
    own: CertificateSetting,
    path: Path,
    flags: number,
    address: string,
    site: SiteSettings,
    sitePath: Path,
  ): CertificateSource | null {
    const isLoopback = address === '::1' || address.startsWith('127.');
    const written = own ?? ((flags & storeFlag) === 0 ? site.certificate : undefined);
    const at = [...(own === undefined ? sitePath : path), 'certificate'];
    if (written === 'development' || (written === undefined && this.#store === undefined && isLoopback)) {
      if (isLoopback) return { kind: 'development' };
      this.#report.at(at, {
        code: 'development-not-local',
        message: 'a development certificate serves loopback addresses only',
        remedy: 'bind 127.0.0.1 or [::1], or name a certificate',
      });
      return null;
    }
    if (written === 'acme') return this.#acme(at);
    if (written !== undefined) return this.#files(written, at);
    if (this.#store !== undefined) return this.#stored(this.#store);
    this.#report.at([...path, 'protocol'], {
      code: 'certificate-missing',
      message: 'this https binding has no certificate',
      remedy: 'set certificate: { certFile, keyFile } here or at the site, or certificateStore',
    });
    return null;
  }

  #stored({ path, password = '' }: NonNullable<ServerSettings['certificateStore']>): CertificateSource {
    return { kind: 'store', folder: this.#absolute(['certificateStore', 'path'], 'certificateStore', path), password };
  }

  #acme(at: Path): CertificateSource | null {
    if (this.#hasAcme) return { kind: 'acme' };
    this.#report.at(at, {
      code: 'acme-missing',
      message: 'certificate: acme needs the server’s setting acme',
      remedy: 'write acme: { termsOfServiceAgreed: true } at the top of the configuration',
    });
    return null;
  }

  #files(written: Exclude<CertificateSetting, undefined | 'development' | 'acme'>, at: Path): CertificateSource | null {
    const { certFile, keyFile, pfxFile, password = '' } = written;
    if ((certFile === undefined) === (pfxFile === undefined) || (pfxFile !== undefined && keyFile !== undefined)) {
      this.#report.at(at, {
        code: 'certificate-ambiguous',
        message: 'a certificate is either certFile (and keyFile) or pfxFile',
        remedy: 'write { certFile: shop.pem, keyFile: shop.key } or { pfxFile: shop.pfx, password: ... }',
      });
      return null;
    }
    if (pfxFile !== undefined) return { kind: 'pfx', file: this.#absolute(at, 'siteDefaults', pfxFile), password };
    const certificate = this.#absolute(at, 'siteDefaults', certFile ?? '');
    const key = keyFile === undefined ? certificate : this.#absolute(at, 'siteDefaults', keyFile);
    return { kind: 'pem', certFile: certificate, keyFile: key, password };
  }

  /** Relative to the file in which it stands, or, inherited, to the one of `otherwise`. */
  #absolute(path: Path, otherwise: string, file: string): string {
    const { root } = this.#report;
    const place = (nodeAt(root, path) ?? nodeAt(root, [otherwise]) ?? root).place;
    return resolve(dirname(place.file), file);
  }
}

function filesOf({ source, authoritiesFile }: NamedCertificate): readonly string[] {
  const own = source.kind === 'pem' ? [source.certFile, source.keyFile] : source.kind === 'pfx' ? [source.file] : [];
  return [...own, authoritiesFile];
}

/** Strict-Transport-Security (RFC 6797 6.1); '' = none. */
export function strictTransportSecurity({ hsts }: SiteSettings): string {
  if (!hsts.enabled) return '';
  return `max-age=${hsts['max-age']}${hsts.includeSubDomains ? '; includeSubDomains' : ''}${hsts.preload ? '; preload' : ''}`;
}

/** The port of the site's https binding (443 before others); 0 = requests over http are served. */
export function redirectPort(
  settings: SiteSettings,
  bindings: SiteConfig['bindings'],
  path: Path,
  report: Report,
): number {
  if (!settings.hsts.enabled || !settings.hsts.redirectHttpToHttps) return 0;
  const ports = bindings.filter((one) => one.protocol === 'https').map((one) => one.port);
  if (ports.length > 0) return ports.includes(443) ? 443 : (ports[0] ?? 0);
  report.at(report.has([...path, 'hsts']) ? [...path, 'hsts'] : path, {
    severity: 'warning',
    code: 'redirect-without-https',
    message: 'redirectHttpToHttps has nowhere to lead: the site has no https binding',
    remedy: 'add a binding with protocol https',
  });
  return 0;
}

/** One address and port speaks TLS or it does not. */
export class Protocols {
  readonly #report: Report;
  readonly #seen = new Map<number, { readonly protocol: string; readonly path: Path }>();

  constructor(report: Report) {
    this.#report = report;
  }

  fits(protocol: string, port: number): boolean {
    return (this.#seen.get(port)?.protocol ?? protocol) === protocol;
  }

  add(protocol: string, port: number, path: Path): void {
    const before = this.#seen.get(port);
    if (before === undefined) {
      this.#seen.set(port, { protocol, path });
      return;
    }
    if (before.protocol === protocol) return;
    const place = nodeAt(this.#report.root, before.path)?.place;
    const line = place === undefined ? 'another site' : `${place.file}:${place.line}`;
    this.#report.at([...path, 'bindingInformation'], {
      code: 'mixed-protocols',
      message: `port ${port} speaks ${before.protocol} for ${line}: it cannot speak ${protocol} too`,
      remedy: 'use another port',
    });
  }
}

export function protocolOf(item: Readonly<Record<string, unknown>>): 'http' | 'https' {
  return textOf(item['protocol']) === 'https' ? 'https' : 'http';
}
