/** One behaviour suite, run against an app alone and against the same app hosted. */
import { join } from 'node:path';
import { freePort } from '../free-port.js';
import { cleanEnvironment } from '../hosted-app.js';
import { outOfProcess } from '../hosting.js';
import { call } from '../http-client.js';
import { RawClient } from '../raw-client.js';
import { app } from '../paths.js';
import { startProgram } from '../program.js';
import { type Settings, type Sluice, startSluice } from '../sluice.js';
import { until } from '../time.js';
import { httpBehaviour } from './http.js';
import { socketIoBehaviour } from './socketio.js';
import { webSocketBehaviour } from './websocket.js';

export interface Subject {
  readonly name: string;
  readonly folder: string;
  readonly entry: string;
  readonly behaviour: (port: number) => Promise<unknown[]>;
  /** Options of node before the entry. */
  readonly nodeOptions?: string;
}

export type Model = 'in-process' | 'out-of-process';

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
  subject('http-proxy', 'app.js', webSocketBehaviour),
  subject('socketio', 'app.js', socketIoBehaviour),
  subject('top-level-await', 'app.mjs', oneAnswer),
];

function commandLine({ nodeOptions, entry }: Subject): string {
  return nodeOptions === undefined ? entry : `${nodeOptions} ${entry}`;
}

async function accepts(port: number): Promise<boolean> {
  try {
    (await RawClient.connect(port)).close();
    return true;
  } catch {
    return false;
  }
}

export async function alone(subject: Subject, node: string = process.execPath): Promise<unknown[]> {
  const port = await freePort();
  const { HOSTNAME: _name, ...environment } = cleanEnvironment();
  const program = startProgram(node, commandLine(subject).split(' '), {
    cwd: subject.folder,
    env: { ...environment, PORT: String(port) },
  });
  try {
    // No request: some apps count them.
    await until('the app alone listens', () => accepts(port), { state: () => program.output() });
    return await subject.behaviour(port);
  } finally {
    await program.stop();
  }
}

/** All the subjects on one server, each in pools of its own and on ports of its own; the workers run on `node`. */
export class Together {
  readonly sluice: Sluice;
  readonly #ports: ReadonlyMap<string, number>;

  private constructor(sluice: Sluice, ports: ReadonlyMap<string, number>) {
    this.sluice = sluice;
    this.#ports = ports;
  }

  static async start(
    hosted: readonly Subject[],
    models: readonly Model[],
    node: string = process.execPath,
  ): Promise<Together> {
    const ports = new Map<string, number>();
    const sites = async (): Promise<Settings[]> => {
      const made: Settings[] = [];
      for (const model of models) {
        for (const one of hosted) {
          const name = `${one.name}-${model}`;
          ports.set(name, await freePort());
          const settings =
            model === 'out-of-process'
              ? outOfProcess(commandLine(one), { processPath: node })
              : { hosting: { hostingModel: 'InProcess', arguments: commandLine(one) } };
          made.push({
            name,
            bindings: [{ protocol: 'http', bindingInformation: `*:${ports.get(name)}:` }],
            applications: [{ path: '/', applicationPool: name, physicalPath: one.folder, ...settings }],
          });
        }
      }
      return made;
    };
    const names = models.flatMap((model) => hosted.map((one) => ({ name: `${one.name}-${model}`, nodePath: node })));
    const sluice = await startSluice({ applicationPools: names, sites });
    return new Together(sluice, ports);
  }

  behaviour(subject: Subject, model: Model): Promise<unknown[]> {
    return subject.behaviour(this.#ports.get(`${subject.name}-${model}`) ?? 0);
  }
}
