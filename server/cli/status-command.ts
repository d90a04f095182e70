/** `sluice status`: one screen with the server, its pools, and what is wrong with them. */
import { escapeControls } from '../../config/base/diagnostics.js';
import type { PoolView } from '../../pools/supervisor/ports.js';
import type { CertificateView } from '../admin/control-plane.js';
import type { NodeView } from '../admin/site-views.js';
import { systemClock } from '../primary/clock.js';
import { type Paint, painter } from './colours.js';
import { nodeText } from './node-command.js';
import { plural } from './plural.js';
import { type AdminFlags, open, print } from './pool-command.js';
import { poolTable } from './pool-tables.js';

/** One line of the list of problems. */
export interface Trouble {
  readonly about: string;
  readonly text: string;
}

export async function status(flags: AdminFlags): Promise<number> {
  const client = await open(flags);
  const [node, { pools }, { certificates }] = await Promise.all([
    client.ask<NodeView>('GET', '/api/v1/nodes/self'),
    client.ask<{ pools: PoolView[] }>('GET', '/api/v1/pools'),
    client.ask<{ certificates: CertificateView[] }>('GET', '/api/v1/certificates'),
  ]);
  const troubles = [...pools.flatMap(poolTroubles), ...certificates.flatMap(expiry)];
  const paint = painter(process.stdout);
  return print(flags, { node, pools, problems: troubles }, () =>
    [nodeText(node, systemClock.wallMs(), paint), poolTable(pools, paint), troubleList(troubles, paint)].join('\n\n'),
  );
}

export function poolTroubles({ name, state, stoppedReason, applications, obituaries }: PoolView): readonly Trouble[] {
  const about = `pool ${name}`;
  const found: Trouble[] = [];
  const last = obituaries.at(-1);
  const died = last === undefined ? '' : `; its last worker ended: ${last.reason} ${last.how ?? ''}`.trimEnd();
  if (state === 'Stopped') found.push({ about, text: `stopped (${stoppedReason || 'by order'})${died}` });
  for (const application of applications) {
    const { id, problem } = application;
    const isWrong = problem !== '' || ['failed', 'rapid-failed', 'misconfigured'].includes(application.state);
    if (isWrong) found.push({ about: `application ${id}`, text: `${application.state}: ${problem}` });
  }
  return found;
}

function expiry({ host, names, state, problem }: CertificateView): readonly Trouble[] {
  if (state === 'good') return [];
  return [{ about: `certificate ${host || names[0] || '-'}`, text: `${state} ${problem}`.trimEnd() }];
}

function troubleList(troubles: readonly Trouble[], paint: Paint): string {
  if (troubles.length === 0) return paint('green', 'no problems');
  const lines = troubles.map(({ about, text }) => `  ${paint('red', escapeControls(about))}: ${escapeControls(text)}`);
  return [`${plural(troubles.length, 'problem')}:`, ...lines].join('\n');
}
