/** What the environment says about who hosts this program and where it has to listen. */
import { env } from './contract.js';

/** In the form that `server.listen` takes. */
export type ListenTarget =
  | { readonly port: number; readonly host?: string | undefined }
  /** A unix socket. */
  | { readonly path: string };

/** How a host started this program. */
export interface Hosting {
  /** The application's path, `/` or `/sub`. Requests arrive with it: `/sub/page`. */
  readonly path: string;
  /** Shared with the host only; never log it. */
  readonly token: string;
  readonly listen: ListenTarget;
}

/** Variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Null when nobody hosts this program, or when its host does not use the ASP.NET Core Module's protocol.
 * Throws when only half of it is there: such a program would answer everybody, or nobody.
 */
export function readHosting(environment: Environment = process.env): Hosting | null {
  const where = environment[env.port] ?? '';
  const token = environment[env.token] ?? '';
  if (where === '' && token === '') return null;
  if (where === '') throw new Error(`${env.token} is set and ${env.port} is not: the host has to set both`);
  if (token === '') throw new Error(`${env.port} is set and ${env.token} is not: the host has to set both`);
  return { path: environment[env.applPath] || '/', token, listen: hostedTarget(where) };
}

/** Hosts connect from the same machine only. */
const loopback = '127.0.0.1';

function hostedTarget(value: string): ListenTarget {
  // An ASP.NET Core app that is to use a unix socket gets it in the form `0;http://unix:/run/a.sock`.
  const path = /^(?:(?:0;)?http:\/\/unix:)?(\/.+)$/.exec(value)?.[1];
  if (path !== undefined) return { path };
  const port = portOf(value);
  if (port === null || port === 0) throw new Error(`${env.port} is neither a port nor the path of a unix socket`);
  return { port, host: loopback };
}

const portMax = 65_535;

function portOf(value: string): number | null {
  return /^[0-9]{1,5}$/.test(value) && Number(value) <= portMax ? Number(value) : null;
}

/** Without a host, as programs do it: the port or socket path in PORT, else `otherwise`. */
export function plainTarget(otherwise: ListenTarget, environment: Environment = process.env): ListenTarget {
  const value = environment[env.httpPlatformPort] || environment[env.genericPort] || '';
  if (value === '') return otherwise;
  const port = portOf(value);
  return port === null ? { path: value } : { ...otherwise, port };
}
