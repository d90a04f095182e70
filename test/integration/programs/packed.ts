/** The package for programs hosted out-of-process, packed and installed as its users do it. */
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { app, repository } from '../../support/paths.js';
import { run } from '../../support/program.js';

async function npm(cwd: string, ...args: string[]): Promise<void> {
  const done = await run('npm', [...args, '--silent', '--ignore-scripts'], { cwd, limitMs: 120_000 });
  if (done.code !== 0) throw new Error(`npm ${args.join(' ')}\n${done.output}`);
}

/** `folder` becomes a project with the fixture programs and the package; frameworks come from the checkout. */
export async function installPackage(folder: string): Promise<void> {
  await npm(repository, 'pack', '--workspace', '@sluice/integration', '--pack-destination', folder);
  const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  cpSync(app('integrated'), folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'programs', private: true }));
  await npm(folder, 'install', '--offline', '--no-audit', '--no-fund', join(folder, tarball));
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@types'), { recursive: true });
  for (const name of ['express', 'fastify', 'ws', '@types/node']) {
    symlinkSync(join(repository, 'node_modules', name), join(modules, name));
  }
}
