/** One behaviour suite, run against an app alone and against the same app hosted. */
import { join } from 'node:path';
import { call } from '../http-client.js';
import { freePort } from '../free-port.js';
import { app } from '../paths.js';
import { startProgram } from '../program.js';
import { type Settings, withSluice } from '../sluice.js';
import { until } from '../time.js';
import { httpBehaviour } from './http.js';
import { socketIoBehaviour } from './socketio.js';
import { webSocketBehaviour } from './websocket.js';

export interface Subject {
  readonly name: string;
  readonly folder: string;
  readonly entry: string;
  readonly behaviour: (port: number) => Promise<unknown[]>;
}

async function oneAnswer(port: number): Promise<unknown[]> {
  const { status, text } = await call(port, '/any?query', { host: 'app.test' });
  return [status, text];
}

function subject(name: string, entry: string, behaviour: Subject['behaviour']): Subject {
  return { name, entry, behaviour, folder: app(join('frameworks', name)) };
}

export const subjects: readonly Subject[] = [
  subject('express', 'app.js', httpBehaviour),
  subject('fastify', 'app.js', httpBehaviour),
  subject('koa', 'app.js', httpBehaviour),
  subject('ws', 'app.js', webSocketBehaviour),
  subject('socketio', 'app.js', socketIoBehaviour),
  subject('top-level-await', 'app.mjs', oneAnswer),
];

export async function alone({ folder, entry, behaviour }: Subject): Promise<unknown[]> {
  const port = await freePort();
  const program = startProgram(process.execPath, [entry], { cwd: folder, env: { ...process.env, PORT: String(port) } });
  try {
    await until(
      'the app alone listens',
      () =>
        call(port, '/').then(
          () => true,
          () => false,
        ),
      { state: () => program.output() },
    );
    return await behaviour(port);
  } finally {
    await program.stop();
  }
}

export async function hosted({ folder, behaviour }: Subject, settings: Settings = {}): Promise<unknown[]> {
  let seen: unknown[] = [];
  await withSluice(
    {
      applicationPools: [{ name: 'a' }],
      applications: [{ path: '/', applicationPool: 'a', physicalPath: folder, ...settings }],
    },
    async (sluice) => {
      seen = await behaviour(sluice.port);
    },
  );
  return seen;
}
