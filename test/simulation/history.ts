import { messageOf } from '../../config/base/errors.js';
import { invariant } from '../../config/base/invariant.js';
import { World } from './world.js';

const steps = 60;
/** The end of the story that is shown with a broken promise. */
const storyLines = 40;

/**
 * The checks run inside: after every turn the supervisor verifies its books, listeners verify each
 * publication and each drain, and every end of a process is counted a second time. Here are the
 * promises about the end of a history. Throws at the first broken one.
 */
export async function history(seed: number): Promise<World> {
  const world = new World(seed);
  try {
    world.supervisor.apply(world.config);
    for (let step = 0; step < steps; step += 1) await world.step();
    await becomesCalm(world);
    await stops(world);
  } catch (error) {
    throw new Error(`${messageOf(error)}\n${world.story.slice(-storyLines).join('\n')}`, { cause: error });
  }
  return world;
}

async function becomesCalm(world: World): Promise<void> {
  world.calm = true;
  for (const process of world.runtime.alive()) if (process.hung) process.die(1, null);
  // What was started before may still fail, and stop its pool.
  await world.advance(120_000);
  for (const { id } of world.config.applications) world.online(id);
  for (const { name } of world.config.pools) await world.startByHand(name);
  await world.advance(60_000);
  const forgotten = world.listeners.waiting();
  invariant(forgotten.length === 0, `${forgotten.length} requests wait for ever`);
  // A change of configuration whose workers did not start has left the old ones serving: once more.
  for (const { name } of world.config.pools) await recycles(world, name);
  for (const application of world.config.applications) {
    const request = world.listeners.request(application.id);
    await world.advance(10_000);
    invariant(request.state === 'answered', `a request to a good ${application.id} was ${request.state}`);
    const versions = world.listeners.eligible(application.id).map(({ workerId }) => {
      return JSON.stringify(world.runtime.process(workerId)?.request.hosting.environmentVariables);
    });
    const wanted = JSON.stringify(application.hosting?.environmentVariables);
    for (const version of versions) invariant(version === wanted, `${application.id} serves an old configuration`);
  }
}

async function recycles(world: World, pool: string): Promise<void> {
  let done = false;
  const note = (): void => {
    done = true;
  };
  world.supervisor.recyclePool(pool, 'on-demand').then(note, () => undefined);
  await world.advance(100_000);
  invariant(done, `the recycle of ${pool} is answered`);
}

async function stops(world: World): Promise<void> {
  world.calm = false;
  let stopped = false;
  void world.supervisor.stopAll(30_000).then(() => {
    stopped = true;
  });
  await world.advance(40_000);
  const alive = world.runtime.alive();
  invariant(alive.length === 0, `${alive.length} processes outlive stopAll`);
  invariant(stopped, 'stopAll is answered');
  invariant(world.listeners.waiting().length === 0, 'requests still wait after stopAll');
  await world.advance(3_600_000);
  world.receipts.checkComplete(world.servedAndLeft());
  invariant(world.clock.pending === 0, `${world.clock.pending} timers are left`);
}
