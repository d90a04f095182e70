/** `sluice cert`: which certificates there are, until when, and what is wrong with them. */
import { escapeControls } from '../../config/base/diagnostics.js';
import type { CertificateView } from '../admin/control-plane.js';
import { systemClock } from '../primary/clock.js';
import { type AdminFlags, open, print } from './pool-command.js';
import { formatTable } from './table.js';

const dayMs = 86_400_000;
const namesShown = 3;

export async function listCertificates(flags: AdminFlags): Promise<number> {
  const client = await open(flags);
  const { certificates } = await client.ask<{ certificates: CertificateView[] }>('GET', '/api/v1/certificates');
  return print(flags, certificates, () => certificateTable(certificates, systemClock.wallMs()));
}

export function certificateTable(certificates: readonly CertificateView[], nowMs: number): string {
  const rows = certificates.map(({ kind, host, names, notAfterMs, state, order, file, problem }) => [
    escapeControls(namesOf(host, names)),
    kind,
    order === null || order.state === 'valid' ? state : `${state}, ${order.state}`,
    notAfterMs === 0 ? '-' : new Date(notAfterMs).toISOString().slice(0, 10),
    notAfterMs === 0 ? '-' : String(Math.floor((notAfterMs - nowMs) / dayMs)),
    escapeControls(file === '' ? '-' : file),
    escapeControls(problem === '' ? (order?.problem ?? '') : problem),
  ]);
  return formatTable(['NAMES', 'KIND', 'STATE', 'UNTIL', 'DAYS', 'FILE', 'PROBLEM'], rows);
}

function namesOf(host: string, names: readonly string[]): string {
  const all = names.length === 0 ? [host === '' ? '-' : host] : names;
  const more = all.length - namesShown;
  return all.slice(0, namesShown).join(', ') + (more > 0 ? `, ${more} more` : '');
}
