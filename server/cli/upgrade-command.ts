/** `sluice upgrade`: orders it and waits until the new primary answers, or the old one says why it still does. */
import { pause } from '../../config/base/clock.js';
import { upgradePollMs, upgradeReadyLimitMs, upgradeTakeLimitMs } from '../../config/base/service-limits.js';
import { printableJson } from '../../config/base/diagnostics.js';
import { SluiceError } from '../../config/base/errors.js';
import type { UpgradeView } from '../admin/control-plane.js';
import { upgradePath } from '../admin/paths.js';
import { systemClock } from '../primary/clock.js';
import { AdminClient } from './admin-client.js';
import { exitCode } from './exit-codes.js';
import type { AdminFlags } from './pool-command.js';

export async function upgrade(flags: AdminFlags): Promise<number> {
  const client = await AdminClient.open({ admin: flags.admin ?? null, config: flags.config ?? null });
  const before = await client.ask<UpgradeView>('POST', upgradePath);
  const now = await settled(client, before);
  const isDone = now.primary === before.successor;
  if (flags.json === true) process.stdout.write(`${printableJson(now, 2)}\n`);
  else if (isDone) {
    const from = `${before.version} (process ${before.primary})`;
    process.stdout.write(
      `upgraded from ${from} to ${now.version} (process ${now.primary}); the old one finishes its requests\n`,
    );
  } else process.stdout.write(`not upgraded, ${before.version} serves on: ${now.error}\n`);
  return isDone ? exitCode.ok : exitCode.failed;
}

/** The socket changes hands meanwhile, and nobody answers for a moment. */
async function settled(client: AdminClient, before: UpgradeView): Promise<UpgradeView> {
  const untilMs = systemClock.monotonicMs() + upgradeReadyLimitMs + 2 * upgradeTakeLimitMs;
  for (;;) {
    await pause(systemClock, upgradePollMs);
    try {
      const now = await client.ask<UpgradeView>('GET', upgradePath);
      if (now.primary !== before.primary || now.state === 'failed') return now;
    } catch (error) {
      if (!(error instanceof SluiceError) || error.code !== 'admin-unreachable') throw error;
    }
    if (systemClock.monotonicMs() > untilMs) {
      throw new SluiceError('upgrade-unknown', 'nobody tells how the upgrade went', 'see the log of the server');
    }
  }
}
