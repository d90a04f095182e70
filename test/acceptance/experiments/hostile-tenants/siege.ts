/** One attack against one world, begun, repeated and cleaned up; and what must hold whatever was tried. */
import { messageOf } from '../../../../config/base/errors.js';
import { isAlive, residentBytes } from '../../../support/processes.js';
import { monotonicMs, pause } from '../../../support/time.js';
import type { Attack, Verdict } from './attack.js';
import type { Attacker } from './attacker.js';
import type { World } from './world.js';

/** Memory that the primary may have taken when all is over. */
const primaryGrowthMaxMb = 150;

export function attackerOf(world: World, attack: Attack): Attacker {
  return attack.by === 'inside' ? world.inside : world.outside;
}

async function once(world: World, attack: Attack): Promise<Verdict> {
  try {
    return await attack.act(world);
  } catch (error) {
    return { got: 'not found out', broken: [messageOf(error).slice(0, 1_500)] };
  }
}

/** Repeats the attack until the time is over, at least once. */
export async function besiege(world: World, attack: Attack, ms: number): Promise<Verdict> {
  const endMs = monotonicMs() + ms;
  const broken = new Set<string>();
  let last = await once(world, attack);
  for (const one of last.broken) broken.add(one);
  while (monotonicMs() < endMs && broken.size === 0) {
    await pause(Math.min(500, Math.max(0, endMs - monotonicMs())));
    if (monotonicMs() >= endMs) break;
    last = await once(world, attack);
    for (const one of last.broken) broken.add(one);
  }
  await pause(Math.max(0, endMs - monotonicMs()));
  return { got: last.got, broken: [...broken] };
}

/** The attacker's pool is stopped and started: nothing of it may outlive the stop. */
export async function cleanUp(world: World, attack: Attack): Promise<string[]> {
  if (attack.leavesNothing === true) return [];
  const attacker = attackerOf(world, attack);
  try {
    const left = await attacker.stop();
    await attacker.start();
    return left.length === 0 ? [] : [`${left.length} processes of ${attacker.pool} outlived the stop`];
  } catch (error) {
    return [`${attacker.pool} could not be stopped and started: ${messageOf(error).slice(0, 1_500)}`];
  }
}

/** The processes of the server are those of the beginning, its logs are its own, and the primary has not grown without bound. */
export function standing(world: World): string[] {
  const grown = Math.round((residentBytes(world.sluice.pid) - world.primaryBytes) / 2 ** 20);
  return [
    ...world.server.filter(({ pid }) => !isAlive(pid)).map(({ name }) => `${name} was replaced`),
    ...world.facts.others.filter(({ pid }) => !isAlive(pid)).map(({ name }) => `${name} ended`),
    ...world.logs.forgeries(),
    ...(grown > primaryGrowthMaxMb ? [`the primary grew by ${grown} MB`] : []),
  ];
}
