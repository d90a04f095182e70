/** Opens and closes the places where the admin API listens: always the unix socket, and TCP if configured. */
import { chmodSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { codeOf, messageOf, SluiceError } from '../../config/base/errors.js';
import type { Logger } from '../../config/base/logger.js';
import type { AdminConfig } from '../../config/model.js';
import { buildAdminApp } from './app.js';
import type { ControlPlane } from './control-plane.js';

export interface AdminListeners {
  close(): Promise<void>;
}

/** Throws a SluiceError naming the place and what to change; then nothing listens. */
export async function listenAdmin(config: AdminConfig, control: ControlPlane, log: Logger): Promise<AdminListeners> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(closers.map((one) => one()));
  };
  try {
    closers.push(await listenUnix(config.socket, control, log));
    if (config.listen !== null) closers.push(await listenTcp(config.listen, control, log));
  } catch (error) {
    await close();
    throw error;
  }
  return { close };
}

async function listenUnix(path: string, control: ControlPlane, log: Logger): Promise<() => Promise<void>> {
  await removeStaleSocket(path);
  const app = buildAdminApp(control, { kind: 'unix', ownNames: [] }, log);
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
  log: Logger,
): Promise<() => Promise<void>> {
  const app = buildAdminApp(control, { kind: 'tcp', ownNames: [listen.host] }, log);
  try {
    await app.listen({ host: listen.host, port: listen.port });
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
