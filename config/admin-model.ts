/** The admin API in the compiled configuration. */

export interface AdminConfig {
  /** null = no TCP listener. */
  readonly listen: { readonly host: string; readonly port: number } | null;
  readonly socket: string;
  /** Lower case: further names by which the TCP listener may be called. */
  readonly hosts: readonly string[];
  /** null = plain HTTP. Paths are absolute. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  readonly tokens: readonly AdminTokenConfig[];
  /** '' = /metrics needs no token. */
  readonly metricsTokenHash: string;
}

/** Who may use the admin API over TCP. The token itself is nowhere in the configuration. */
export interface AdminTokenConfig {
  readonly name: string;
  /** `sha256:` and hexadecimal digits. */
  readonly hash: string;
  readonly role: 'viewer' | 'operator' | 'admin';
  readonly pools: readonly string[] | 'all';
}
