/** `sluice node`: the server as a whole. */
import { escapeControls } from '../../config/base/diagnostics.js';
import type { NodeAction } from '../admin/control-plane.js';
import type { NodeView } from '../admin/site-views.js';
import { systemClock } from '../primary/clock.js';
import { type Paint, painter } from './colours.js';
import { plural } from './plural.js';
import { act, type AdminFlags, open, print } from './pool-command.js';
import { age } from './pool-tables.js';

export async function showNode(flags: AdminFlags): Promise<number> {
  const client = await open(flags);
  const node = await client.ask<NodeView>('GET', '/api/v1/nodes/self');
  return print(flags, node, () => nodeText(node, systemClock.wallMs(), painter(process.stdout)));
}

export async function actOnNode(action: NodeAction, flags: AdminFlags): Promise<number> {
  return act(`/api/v1/nodes/self/${action}`, flags);
}

export function nodeText(node: NodeView, nowMs: number, paint: Paint): string {
  const { name, version, nodeVersion, pid, startedAtMs, state, listeners, sites, applications, pools } = node;
  const up = startedAtMs === 0 ? '' : `, up ${age(nowMs - startedAtMs)}`;
  const { file } = node.configuration;
  const served = [plural(sites, 'site'), plural(applications, 'application'), plural(pools, 'pool')].join(', ');
  return [
    `${escapeControls(name)} ${paint(state === 'ready' ? 'green' : 'red', state)}${up}`,
    `Sluice ${version} on Node ${nodeVersion}, process ${pid}, ${plural(listeners, 'listener')}`,
    // A token for some pools is not told of the configuration of all.
    file === '' ? served : `${served} from ${escapeControls(file)}`,
    ...node.checks.filter(({ ok }) => !ok).map((one) => paint('red', escapeControls(`${one.name}: ${one.detail}`))),
  ].join('\n');
}
