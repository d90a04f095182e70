/** Opens and closes the places where the admin API listens: always the unix socket, and TCP if configured. */
import { chmodSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { codeOf, messageOf, SluiceError } from '../../config/base/errors.js';
import { readCertificate } from '../../config/load/certificate-files.js';
import { buildAdminApp } from './app.js';
import type { ControlPlane } from './control-plane.js';
import { socketCaller } from './frame/caller.js';
import { Door, type DoorOptions } from './frame/door.js';
import { newLink } from './routes/session.js';

export interface AdminListeners {
  /** Makes a link that signs in once, as admin; '' = there is no TCP listener. */
  dashboardLink(): string;
  close(): Promise<void>;
}

/** Throws a SluiceError naming the place and what to change; then nothing listens. */
export async function listenAdmin(control: ControlPlane, options: DoorOptions): Promise<AdminListeners> {
  const door = new Door(options);
  const { socket, listen } = door.settings;
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(closers.map((one) => one()));
  };
  try {
    closers.push(await listenUnix(socket, control, door));
    if (listen !== null) closers.push(await listenTcp(listen, control, door));
  } catch (error) {
    await close();
    throw error;
  }
  return { dashboardLink: () => (door.origin === '' ? '' : newLink(door, socketCaller).url), close };
}

async function listenUnix(path: string, control: ControlPlane, door: Door): Promise<() => Promise<void>> {
  await removeStaleSocket(path);
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
): Promise<() => Promise<void>> {
  const tls = await readTls(door);
  const app = buildAdminApp(control, door, { kind: 'tcp', ownName: listen.host, tls });
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

async function readTls(door: Door): Promise<{ readonly cert: string; readonly key: string } | null> {
  const { tls } = door.settings;
  if (tls === null) return null;
  const read = await readCertificate({ kind: 'pem', ...tls, password: '' });
  if (read.ok) return { cert: read.material.certificate, key: read.material.privateKey };
  throw new SluiceError('admin-tls', `${read.file}: ${read.message}`, 'correct admin.tls, or leave it away');
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
