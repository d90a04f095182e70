/** A real Prometheus of this machine that scrapes one server, with the rules that are shipped. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { callJson } from './http-client.js';
import { type Program, startProgram } from './program.js';
import { prometheusFolder } from './prometheus-files.js';
import { removeFolder, tempFolder } from './temp-folder.js';
import { until } from './time.js';

export interface Target {
  readonly health: string;
  readonly lastError: string;
}

export interface Rule {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
}

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export class Prometheus {
  readonly #port: number;
  readonly #program: Program;
  readonly #folder: string;

  constructor(port: number, program: Program, folder: string) {
    this.#port = port;
    this.#program = program;
    this.#folder = folder;
  }

  /** Scrapes `127.0.0.1:adminPort` every second. */
  static async start(adminPort: number): Promise<Prometheus> {
    const port = await freePort();
    const folder = tempFolder();
    const file = join(folder, 'prometheus.yml');
    const rules = ['recording.yml', 'alerts.yml'].map((name) => join(prometheusFolder, name));
    const job = { job_name: 'sluice', static_configs: [{ targets: [`127.0.0.1:${adminPort}`] }] };
    const intervals = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' };
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ global: intervals, rule_files: rules, scrape_configs: [job] }));
    const data = join(folder, 'data');
    mkdirSync(data);
    const options = [`--config.file=${file}`, `--storage.tsdb.path=${data}`, `--web.listen-address=127.0.0.1:${port}`];
    const program = startProgram('prometheus', options, { cwd: folder });
    const started = new Prometheus(port, program, folder);
    await until(
      'Prometheus answers',
      () =>
        started.targets().then(
          () => true,
          () => false,
        ),
      {
        withinMs: 60_000,
        state: () => program.output(),
      },
    );
    return started;
  }

  log(): string {
    return this.#program.output();
  }

  async stop(): Promise<void> {
    await this.#program.stop('SIGTERM', 30_000);
    removeFolder(this.#folder);
  }

  async targets(): Promise<readonly Target[]> {
    const data = (await this.#get('/api/v1/targets')) as { activeTargets: Target[] };
    return data.activeTargets;
  }

  async rules(): Promise<readonly Rule[]> {
    const data = (await this.#get('/api/v1/rules')) as { groups: { rules: Rule[] }[] };
    return data.groups.flatMap(({ rules }) => rules);
  }

  /** Rejects when Prometheus cannot compute it. */
  async query(expr: string): Promise<readonly Sample[]> {
    const data = (await this.#get(`/api/v1/query?query=${encodeURIComponent(expr)}`)) as { result: Sample[] };
    return data.result;
  }

  /** Of one series; NaN while there is none. */
  async value(expr: string): Promise<number> {
    return Number((await this.query(expr))[0]?.value[1]);
  }

  async #get(path: string): Promise<unknown> {
    const answer = (await callJson(this.#port, path)) as { status: string; data: unknown; error?: string };
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  }
}
