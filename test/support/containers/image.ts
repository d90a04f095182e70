/** The images of deploy/docker, built as users build them but for the bases and for what was compiled before. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repository } from '../paths.js';
import { removeFolder, tempFolder } from '../temp-folder.js';
import { baseImage, must } from './base-image.js';

export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly WorkingDir: string;
  readonly Volumes: Readonly<Record<string, unknown>>;
  readonly ExposedPorts: Readonly<Record<string, unknown>>;
  readonly StopSignal: string;
  readonly Healthcheck: { readonly Test: readonly string[] };
}

export type Target = 'slim' | 'aspnet';

/** Containers and images of one test; `remove` leaves nothing in the store but the base. */
export class Images {
  readonly #tag = `localhost/sluice-test-${process.pid}`;
  readonly #made: string[] = [];
  readonly #containers: string[] = [];

  /** In this order; `aspnet` is built on `slim` and gets the runtime of this machine's SDK. */
  async build(targets: readonly Target[]): Promise<void> {
    const base = await baseImage();
    const context = await packedContext();
    const runtime = targets.includes('aspnet') ? await runtimeContext() : null;
    try {
      for (const target of targets) {
        // The runtime comes from a folder, and the second build begins where the first one ended.
        const given =
          target === 'slim' ? [] : [`aspnet-runtime=${runtime}`, `slim=container-image://${this.name('slim')}`];
        const contexts = given.flatMap((one) => ['--build-context', one]);
        const how = ['--isolation', 'chroot', '--format', 'docker', '--pull-never', '--quiet', ...contexts];
        const file = join(context, 'deploy', 'docker', 'Dockerfile');
        const what = ['--build-arg', `BASE=${base}`, '-f', file, '--target', target, '-t', this.name(target), context];
        await must('buildah', ['bud', ...how, ...what]);
        this.#made.push(this.name(target));
      }
    } finally {
      removeFolder(context);
      if (runtime !== null) removeFolder(runtime);
    }
  }

  name(target: Target): string {
    return `${this.#tag}:${target}`;
  }

  async config(target: Target): Promise<ImageConfig> {
    const told = JSON.parse(await must('buildah', ['inspect', '--type', 'image', this.name(target)])) as {
      Docker: { config: ImageConfig };
    };
    return told.Docker.config;
  }

  /** A container of the image: its name and where its root file system is seen. */
  async container(image: string): Promise<{ readonly name: string; readonly root: string }> {
    const name = await must('buildah', ['from', '--pull-never', image]);
    this.#containers.push(name);
    return { name, root: await must('buildah', ['mount', name]) };
  }

  /** A container of the base. */
  async base(): Promise<{ readonly name: string; readonly root: string }> {
    return this.container(await baseImage());
  }

  async remove(): Promise<void> {
    for (const name of this.#containers.splice(0)) await must('buildah', ['rm', name]);
    if (this.#made.length > 0) await must('buildah', ['rmi', '--force', ...this.#made.splice(0)]);
  }
}

/** What npm packs, with the lock file: a context that is compiled already. */
async function packedContext(): Promise<string> {
  const folder = tempFolder('image');
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
  await must('npm', ['--prefix', repository, ...pack, repository]);
  await must('/bin/sh', ['-c', `tar -xzf ${folder}/*.tgz -C ${folder} --strip-components=1 && rm ${folder}/*.tgz`]);
  copyFileSync(join(repository, 'package-lock.json'), join(folder, 'package-lock.json'));
  mkdirSync(join(folder, 'pools', 'integration'), { recursive: true });
  writeFileSync(join(folder, '.npmrc'), '');
  return folder;
}

/** Stands for Microsoft's image: the runtime of this machine's SDK. */
async function runtimeContext(): Promise<string> {
  const folder = tempFolder('runtime');
  for (const part of ['dotnet', 'host', 'shared/Microsoft.NETCore.App', 'shared/Microsoft.AspNetCore.App']) {
    const path = join('/usr/share/dotnet', part);
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    await must('cp', ['-a', path, join(folder, path)]);
  }
  return folder;
}
