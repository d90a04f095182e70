import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { expect, test } from '@jest/globals';
import { configHistoryMax } from '../../../config/base/config-history-limits.js';
import { ConfigHistory, hashOf, hashOfFiles, type NewEntry } from '../../../config/change/history.js';
import { refusalToWrite, removeOwnFile, writeOwnFile } from '../../../config/change/own-file.js';
import { withFiles } from './support.js';

const writer = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

function entry(text: string): NewEntry {
  const snapshot = new Map([
    ['/etc/sluice/sluice.yaml', Buffer.from(text)],
    ['/etc/sluice/same.yaml', Buffer.from('same')],
  ]);
  const files = [...snapshot].map(([file, bytes]) => ({ file, hash: hashOf(bytes) }));
  return { atMs: 1, by: 'me', cause: 'apply', note: '', version: 'v', summary: '', snapshot, hash: hashOfFiles(files) };
}

test('the last 50 stay with their contents, closed to others, also over a restart', async () => {
  await withFiles(async (files) => {
    const history = new ConfigHistory(files.root);
    for (let index = 0; index < configHistoryMax + 3; index++) await history.add(entry(`text ${index}`));
    const list = await new ConfigHistory(files.root).list();
    expect(list).toHaveLength(configHistoryMax);
    expect(list[0]?.id).toBe(configHistoryMax + 3);
    const kept = readdirSync(files.path('config-history'));
    // One for each that is kept, one that all share, and the list.
    expect(kept).toHaveLength(configHistoryMax + 2);
    expect(statSync(files.path('config-history')).mode & 0o777).toBe(0o700);
    for (const name of kept) expect(statSync(files.path(`config-history/${name}`)).mode & 0o777).toBe(0o600);
    const [newest] = list;
    if (newest === undefined) throw new Error('nothing is kept');
    const contents = await history.contents(newest);
    expect(contents?.get('/etc/sluice/sluice.yaml')?.toString()).toBe(`text ${configHistoryMax + 2}`);
    const changed = newest.files[0]?.hash ?? '';
    writeFileSync(files.path(`config-history/${changed}.txt`), 'something else');
    expect(await history.contents(newest)).toBeNull();
  });
});

test('a damaged list is an empty one', async () => {
  await withFiles(async (files) => {
    for (const text of ['', '{', '[]', '{"format":2,"entries":[]}', '{"format":1,"entries":7}']) {
      files.write('config-history/entries.json', text);
      expect(await new ConfigHistory(files.root).list()).toEqual([]);
    }
  });
});

test('only files that nobody else could have touched are written, with mode and owner as they were', async () => {
  await withFiles(async (files) => {
    files.write('etc/sluice.yaml', 'old').write('etc/other.yaml', 'other');
    chmodSync(files.path('etc'), 0o755);
    const file = files.path('etc/sluice.yaml');
    chmodSync(file, 0o664);
    await writeOwnFile(file, Buffer.from('new'), writer);
    expect(readFileSync(file, 'utf8')).toBe('new');
    expect(statSync(file).mode & 0o777).toBe(0o664);
    expect(readdirSync(files.path('etc')).sort()).toEqual(['other.yaml', 'sluice.yaml']);
    symlinkSync(files.path('etc/other.yaml'), files.path('etc/link.yaml'));
    symlinkSync(files.path('etc'), files.path('linked'));
    mkdirSync(files.path('etc/folder.yaml'));
    const refused = async (name: string): Promise<string> =>
      (await refusalToWrite(files.path(name), writer))?.message ?? 'allowed';
    expect(await refused('etc/link.yaml')).toContain('it is a symbolic link');
    expect(await refused('linked/sluice.yaml')).toContain('linked is a symbolic link');
    expect(await refused('etc/folder.yaml')).toContain('not a regular file');
    expect(await refused('nowhere/sluice.yaml')).toContain('does not exist');
    expect(await refused('etc/new.yaml')).toBe('allowed');
    chmodSync(files.path('etc'), 0o777);
    expect(await refused('etc/sluice.yaml')).toContain('others may write');
    chmodSync(files.path('etc'), 0o1777);
    expect(await refused('etc/sluice.yaml')).toContain('others may write');
    chmodSync(files.path('etc'), 0o755);
    await removeOwnFile(files.path('etc/link.yaml'), writer).catch(() => undefined);
    expect(lstatSync(files.path('etc/link.yaml')).isSymbolicLink()).toBe(true);
    await removeOwnFile(files.path('etc/other.yaml'), writer);
    expect(readdirSync(files.path('etc')).includes('other.yaml')).toBe(false);
    if (writer.uid !== 0) return;
    chownSync(file, 12_345, 12_345);
    await writeOwnFile(file, Buffer.from('newer'), writer);
    expect(statSync(file)).toMatchObject({ uid: 12_345, gid: 12_345 });
    chownSync(files.path('etc'), 12_345, 12_345);
    expect(await refused('etc/sluice.yaml')).toContain('belongs to user 12345');
    rmSync(file);
  });
});
