/** Opens and closes the places where the admin API listens: always the unix socket, and TCP if configured. */
import { chmodSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { Server as SecureServer } from 'node:https';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { codeOf, messageOf, SluiceError } from '../../config/base/errors.js';
import { buildAdminApp } from './app.js';
import type { ControlPlane } from './control-plane.js';
import { socketCaller } from './frame/caller.js';
import { Door, type DoorOptions } from './frame/door.js';
import { newLink } from './routes/session.js';
import { type ServedCertificate, TlsFiles } from './tls-files.js';

export interface AdminListeners {
  /** Makes a link that signs in once, as admin; '' = there is no TCP listener. */
  dashboardLink(): string;
  /** Of `admin.tls`; null = plain HTTP. */
  certificate(): ServedCertificate | null;
  close(): Promise<void>;
}

/**
 * Throws a SluiceError naming the place and what to change; then nothing listens. The socket comes last: whoever hears
 * there that the server is ready finds it on TCP too.
 */
export async function listenAdmin(control: ControlPlane, options: DoorOptions): Promise<AdminListeners> {
  const door = new Door(options);
  const { socket, listen } = door.settings;
  const closers: (() => Promise<void>)[] = [];
  let tls: TlsFiles | null = null;
  const close = async (): Promise<void> => {
    await Promise.all(closers.map((one) => one()));
  };
  try {
    await removeStaleSocket(socket);
    if (listen !== null) {
      tls = await tlsOf(door, closers);
      closers.push(await listenTcp(listen, control, door, tls));
    }
    closers.push(await listenUnix(socket, control, door));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    dashboardLink: () => (door.origin === '' ? '' : newLink(door, socketCaller).url),
    certificate: () => tls?.certificate ?? null,
    close,
  };
}

async function listenUnix(path: string, control: ControlPlane, door: Door): Promise<() => Promise<void>> {
  const app = buildAdminApp(control, door, { kind: 'unix', ownName: '', tls: null });
  // Bound inside a private folder and moved out when its mode is right: it is never open to others.
  let privateFolder = '';
  try {
    privateFolder = mkdtempSync(join(dirname(path), '.a'));
    const bound = join(privateFolder, 's');
    await app.listen({ path: bound });
    chmodSync(bound, 0o600);
    renameSync(bound, path);
  } catch (error) {
    await app.close();
    throw new SluiceError(
      'admin-socket',
      `cannot open the admin socket ${path}: ${messageOf(error)}`,
      'make its folder, or choose another admin.socket',
    );
  } finally {
    if (privateFolder !== '') rmSync(privateFolder, { recursive: true, force: true });
  }
  return async () => {
    await app.close();
    rmSync(path, { force: true });
  };
}

async function listenTcp(
  listen: { readonly host: string; readonly port: number },
  control: ControlPlane,
  door: Door,
  tls: TlsFiles | null,
): Promise<() => Promise<void>> {
  const app = buildAdminApp(control, door, { kind: 'tcp', ownName: listen.host, tls: tls?.material ?? null });
  const { server } = app;
  if (server instanceof SecureServer) tls?.whenRenewed((material) => server.setSecureContext(material));
  try {
    await app.listen({ host: listen.host, port: listen.port });
    const address = app.server.address();
    const port = typeof address === 'object' && address !== null ? address.port : listen.port;
    const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
    const name = host === '[::]' || host === '0.0.0.0' ? 'localhost' : host;
    door.origin = `${tls === null ? 'http' : 'https'}://${name}:${port}`;
  } catch (error) {
    await app.close();
    throw new SluiceError(
      'admin-listen',
      `cannot listen on ${listen.host}:${listen.port} (admin.listen): ${codeOf(error) || messageOf(error)}`,
      'choose another port for admin.listen, or admin: { listen: none } for the socket alone',
    );
  }
  return async () => app.close();
}

async function tlsOf({ settings, clock, log }: Door, closers: (() => Promise<void>)[]): Promise<TlsFiles | null> {
  if (settings.tls === null) return null;
  const tls = await TlsFiles.open(settings.tls, clock, log);
  closers.push(async () => tls.close());
  return tls;
}

/** A socket file that nobody answers is removed; one that somebody answers, or another file, is an error. */
async function removeStaleSocket(path: string): Promise<void> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new SluiceError('admin-socket', `${path} exists and is not a socket`, 'choose another admin.socket');
  }
  if (await answers(path)) {
    throw new SluiceError(
      'admin-socket',
      `another server answers on ${path}`,
      'stop it or choose another admin.socket',
    );
  }
  rmSync(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}
