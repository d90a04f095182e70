/** ASP.NET Core apps started without Sluice, with just the variables that a test is about. */
import { freePort } from '../free-port.js';
import { type Answer, type Call, call } from '../http-client.js';
import { type Program, startProgram } from '../program.js';
import { removeFolder, tempFolder } from '../temp-folder.js';
import { until } from '../time.js';

export interface AloneOptions {
  /** Published folder, and the words behind `dotnet`. */
  readonly folder: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export const aloneToken = 'd3b07384-d9a0-4c9b-8f4e-0c3f2f3f1a11';

export class AloneApp {
  readonly program: Program;
  readonly home: string;
  readonly port: number;

  private constructor(program: Program, home: string, port: number) {
    this.program = program;
    this.home = home;
    this.port = port;
  }

  /** Under the module's protocol at `path`, on a port of its own. Does not wait. */
  static async hosted(path: string, options: AloneOptions): Promise<AloneApp> {
    const port = await freePort();
    return AloneApp.#start(options, port, {
      ASPNETCORE_PORT: String(port),
      ASPNETCORE_APPL_PATH: path,
      ASPNETCORE_TOKEN: aloneToken,
      ASPNETCORE_IIS_HTTPAUTH: 'anonymous;',
    });
  }

  /** With nothing but the caller's variables; does not wait. */
  static async plain(options: AloneOptions): Promise<AloneApp> {
    return AloneApp.#start(options, 0, {});
  }

  static #start(options: AloneOptions, port: number, protocol: Readonly<Record<string, string>>): AloneApp {
    const home = tempFolder('h');
    const environment = { PATH: process.env['PATH'], HOME: home, TMPDIR: home, ...protocol, ...options.environment };
    const program = startProgram('dotnet', options.args, { cwd: options.folder, env: environment });
    return new AloneApp(program, home, port);
  }

  /** What it says it listens on. */
  async addresses(): Promise<string[]> {
    const { program } = this;
    await until(
      'the app has started',
      () => program.output().includes('Application started') || program.child.exitCode !== null,
      {
        withinMs: 60_000,
        state: () => program.output(),
      },
    );
    return [...program.output().matchAll(/Now listening on: (\S+)/g)].map((match) => match[1] ?? '');
  }

  async call(path: string, how: Call = {}): Promise<Answer> {
    await this.addresses();
    return call(this.port, path, { ...how, headers: { 'MS-ASPNETCORE-TOKEN': aloneToken, ...how.headers } });
  }

  async stop(): Promise<void> {
    await this.program.stop('SIGKILL');
    removeFolder(this.home);
  }
}

/** Runs `body` with the app and always ends it. */
export async function withApp<T>(started: Promise<AloneApp>, body: (app: AloneApp) => Promise<T>): Promise<T> {
  const app = await started;
  try {
    return await body(app);
  } finally {
    await app.stop();
  }
}
