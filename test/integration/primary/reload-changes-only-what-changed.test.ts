import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { freePort } from '../../support/free-port.js';
import { call, keepAliveAgent } from '../../support/http-client.js';
import { app } from '../../support/paths.js';
import { type Settings, type Sluice, withSluice } from '../../support/sluice.js';
import { removeFolder, tempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/time.js';

interface Document {
  listeners: number;
  applicationPools: Settings[];
  sites: { bindings: Settings[]; applications: Settings[] }[];
}

const options = {
  applicationPools: [{ name: 'a' }],
  applications: [{ path: '/', applicationPool: 'a', physicalPath: app('plain') }],
};

function change(sluice: Sluice, edit: (document: Document) => void): void {
  const document = JSON.parse(readFileSync(sluice.file, 'utf8')) as Document;
  edit(document);
  writeFileSync(`${sluice.file}.new`, JSON.stringify(document));
  renameSync(`${sluice.file}.new`, sluice.file);
}

async function gauge(sluice: Sluice, name: string): Promise<number> {
  const line = (await sluice.metrics()).split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.split(' ')[1]);
}

function listeners(sluice: Sluice): number {
  return sluice.tree().filter((one) => commandOf(one.pid).includes('listener/main.js')).length;
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

describe('a changed file is applied by itself', () => {
  test('bindings come and go while a kept connection and the workers stay', async () => {
    await withSluice(options, async (sluice) => {
      const added = await freePort();
      const agent = keepAliveAgent(1);
      const before = (await sluice.call('/pid', { agent })).text;
      change(sluice, ({ sites }) => sites[0]?.bindings.push({ protocol: 'http', bindingInformation: `*:${added}:` }));
      await until('the new port answers', async () => {
        const answer = await call(added, '/pid').catch(() => null);
        return answer?.text === before;
      });
      expect((await sluice.call('/pid', { agent })).text).toBe(before);
      change(sluice, ({ sites }) => sites[0]?.bindings.pop());
      await until('it is closed again', async () => {
        const problem = await call(added, '/').then(
          () => '',
          (error: Error) => error.message,
        );
        return problem.includes('ECONNREFUSED');
      });
      expect((await sluice.call('/pid', { agent })).text).toBe(before);
      agent.destroy();
    });
  });

  test('a port in use refuses the whole change; after a correction it is applied', async () => {
    await withSluice(options, async (sluice) => {
      const taken = createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      const address = taken.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      change(sluice, ({ sites, applicationPools }) => {
        applicationPools.push({ name: 'b' });
        sites[0]?.bindings.push({ protocol: 'http', bindingInformation: `127.0.0.1:${port}:` });
      });
      await until('it is refused', async () => (await gauge(sluice, 'sluice_config_last_reload_successful')) === 0);
      expect((await sluice.pools()).map((pool) => pool.name)).toEqual(['a']);
      expect(sluice.output()).toContain(`127.0.0.1:${port}`);
      change(sluice, ({ sites }) => sites[0]?.bindings.pop());
      await until('it is applied', async () => (await sluice.pools()).length === 2);
      expect(await gauge(sluice, 'sluice_config_last_reload_successful')).toBe(1);
      taken.close();
    });
  });

  test('the number of listeners follows', async () => {
    await withSluice({ ...options, listeners: 1 }, async (sluice) => {
      change(sluice, (document) => {
        document.listeners = 3;
      });
      await until('three accept', async () => (await gauge(sluice, 'sluice_listeners')) === 3);
      change(sluice, (document) => {
        document.listeners = 1;
      });
      await until('one is left', () => listeners(sluice) === 1);
      expect((await sluice.call('/')).status).toBe(200);
    });
  });

  test('a web.config concerns its own application only', async () => {
    await withSluice(options, async (sluice) => {
      const own = join(sluice.folder, 'own');
      await cp(app('plain'), own, { recursive: true });
      change(sluice, ({ sites, applicationPools }) => {
        applicationPools.push({ name: 'b' });
        sites[0]?.applications.push({ path: '/own', applicationPool: 'b', physicalPath: own });
      });
      await until('both answer', async () => (await sluice.call('/own/')).text === 'plain\n');
      const other = (await sluice.call('/pid')).text;
      writeFileSync(join(own, 'web.config'), '<configuration><system.webServer>');
      await until('the broken one answers an error', async () => (await sluice.call('/own/')).status === 500);
      expect((await sluice.call('/pid')).text).toBe(other);
      writeFileSync(join(own, 'web.config'), '<configuration></configuration>');
      await until('it is served again', async () => (await sluice.call('/own/')).text === 'plain\n');
      expect((await sluice.call('/pid')).text).toBe(other);
    });
  });

  describe('a restriction in a web.config acts at once', () => {
    const closed =
      '<configuration><system.webServer><security><ipSecurity allowUnlisted="false"/></security></system.webServer></configuration>';

    async function withOwnFolder(
      server: Settings,
      body: (sluice: Sluice, own: string) => Promise<void>,
    ): Promise<void> {
      const own = tempFolder();
      try {
        await cp(app('plain'), own, { recursive: true });
        const applications = [{ path: '/', applicationPool: 'a', physicalPath: own }];
        await withSluice({ ...options, server, applications }, (sluice) => body(sluice, own));
      } finally {
        removeFolder(own);
      }
    }

    test('with watch: false, which only concerns the file itself', async () => {
      await withOwnFolder({ watch: false }, async (sluice, own) => {
        expect((await sluice.call('/')).status).toBe(200);
        change(sluice, ({ applicationPools }) => applicationPools.push({ name: 'not-yet' }));
        writeFileSync(join(own, 'Web.config'), closed);
        await until('it is closed', async () => (await sluice.call('/')).status === 500);
        await until('the log says why', () => sluice.output().includes('ipSecurity'));
        expect((await sluice.pools()).map((pool) => pool.name)).toEqual(['a']);
        sluice.program.child.kill('SIGHUP');
        await until('the file is read on SIGHUP', async () => (await sluice.pools()).length === 2);
      });
    });

    test('while the file itself is bad, which is told and counted once', async () => {
      await withOwnFolder({}, async (sluice, own) => {
        writeFileSync(sluice.file, '{ broken');
        sluice.program.child.kill('SIGHUP');
        const refused = () => sluice.output().split('configuration-refused').length - 1;
        await until('it is refused', () => refused() === 1);
        // By the watcher, and by a second signal.
        await until('others ask too', () => {
          sluice.program.child.kill('SIGHUP');
          return sluice.output().includes('configuration-unchanged');
        });
        writeFileSync(join(own, 'web.config'), closed);
        await until('it is closed', async () => (await sluice.call('/')).status === 500);
        expect(refused()).toBe(1);
        const failures = (await sluice.metrics()).match(/^sluice_config_reloads_total\{[^}]*failure[^}]*\} (\d+)/m);
        expect(failures?.[1]).toBe('1');
        expect(await gauge(sluice, 'sluice_config_last_reload_successful')).toBe(0);
      });
    });
  });
});
