/** The machine's own users and groups, read from /etc/passwd and /etc/group (the local files only). */
import { readFileSync } from 'node:fs';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

export interface Accounts {
  readonly users: readonly Account[];
  /** Every uid and gid that the machine uses already. */
  readonly takenIds: ReadonlySet<number>;
}

export function readAccounts(passwdFile = '/etc/passwd', groupFile = '/etc/group'): Accounts {
  const users: Account[] = [];
  const takenIds = new Set<number>();
  for (const fields of rows(passwdFile)) {
    const uid = Number(fields[2]);
    const gid = Number(fields[3]);
    if (!Number.isInteger(uid) || !Number.isInteger(gid)) continue;
    users.push({ name: fields[0] ?? '', uid, gid, home: fields[5] ?? '/' });
    takenIds.add(uid).add(gid);
  }
  for (const fields of rows(groupFile)) {
    const gid = Number(fields[2]);
    if (Number.isInteger(gid)) takenIds.add(gid);
  }
  return { users, takenIds };
}

function rows(file: string): string[][] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));
}
