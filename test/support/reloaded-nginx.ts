/** nginx in front of one node process that is replaced as administrators do it: new node, reload, old node ends. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from './find-program.js';
import { freePort } from './free-port.js';
import { call } from './http-client.js';
import { type Program, startProgram } from './program.js';
import { removeFolder, tempFolder } from './temp-folder.js';
import { until } from './time.js';

interface Node {
  readonly port: number;
  readonly program: Program;
}

export class ReloadedNginx {
  readonly port: number;
  readonly #folder: string;
  #node: Node;
  #nginx: Program | null = null;

  private constructor(port: number, folder: string, node: Node) {
    this.port = port;
    this.#folder = folder;
    this.#node = node;
  }

  /** `source` is a CommonJS program that listens on PORT. */
  static async start(source: string): Promise<ReloadedNginx> {
    const folder = tempFolder('nginx');
    writeFileSync(join(folder, 'index.js'), source);
    const front = new ReloadedNginx(await freePort(), folder, await startNode(folder));
    front.#configure();
    front.#nginx = front.#command([]);
    await until('nginx answers', () => answers(front.port), { state: () => front.#nginx?.output() ?? '' });
    return front;
  }

  async restart(): Promise<void> {
    const old = this.#node;
    this.#node = await startNode(this.#folder);
    this.#configure();
    await this.#command(['-s', 'reload']).exited;
    await old.program.stop();
  }

  async stop(): Promise<void> {
    await this.#nginx?.stop('SIGQUIT');
    await this.#node.program.stop();
    removeFolder(this.#folder);
  }

  #command(args: readonly string[]): Program {
    const file = join(this.#folder, 'nginx.conf');
    return startProgram(findProgram('nginx') ?? 'nginx', ['-p', this.#folder, '-c', file, ...args]);
  }

  #configure(): void {
    const { port } = this.#node;
    writeFileSync(
      join(this.#folder, 'nginx.conf'),
      `daemon off; worker_processes 2; pid ${this.#folder}/nginx.pid; error_log ${this.#folder}/error.log;
events { worker_connections 4096; }
http {
  access_log off; client_body_temp_path ${this.#folder}; proxy_temp_path ${this.#folder};
  fastcgi_temp_path ${this.#folder}; uwsgi_temp_path ${this.#folder}; scgi_temp_path ${this.#folder};
  upstream app { server 127.0.0.1:${port}; keepalive 64; }
  server {
    listen 127.0.0.1:${this.port};
    location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`,
    );
  }
}

async function startNode(folder: string): Promise<Node> {
  const port = await freePort();
  const env = { ...process.env, PORT: String(port) };
  const program = startProgram(process.execPath, ['index.js'], { cwd: folder, env });
  await until('node answers', () => answers(port), { state: () => program.output() });
  return { port, program };
}

async function answers(port: number): Promise<boolean> {
  try {
    return (await call(port, '/')).status === 200;
  } catch {
    return false;
  }
}
