/** How an application stops having workers: with its pool, by a configuration that is refused, or by hand. */
import { type Application, type ApplicationFailure, misconfigured, type Slot } from './application-states.js';
import type { ApplicationEffect } from './effects.js';
import type { ApplicationEvent, LifeKey } from './events.js';
import type { RetireReason } from './exit-reason.js';
import { type ApplicationStep, eachSlot, letAllGo, resize, still } from './slots.js';

type Of<T extends ApplicationEvent['type']> = Extract<ApplicationEvent, { readonly type: T }>;

type Closed = Pick<Application, 'life' | 'failure' | 'open'>;

/** Every life leaves, nothing is awaited any more. `limitMs` null = each within its own limit. */
function shut(application: Application, reason: RetireReason, limitMs: number | null, closed: Closed): ApplicationStep {
  const released = eachSlot(
    { ...application, waiting: false },
    () => true,
    (slot) => letAllGo(slot, reason, limitMs),
  );
  const done: ApplicationEffect[] = [
    { type: 'cancelTimer', name: 'retry' },
    { type: 'cancelTimer', name: 'window' },
    { type: 'publish' },
  ];
  return { machine: { ...released.machine, ...closed }, effects: [...released.effects, ...done] };
}

export function close(application: Application, event: Of<'close'>): ApplicationStep {
  const { cause, reason, limitMs, retryAtMs } = event;
  return shut(application, reason, limitMs, closedBy(application, cause, retryAtMs));
}

function closedBy({ rules: { refused } }: Application, cause: Of<'close'>['cause'], retryAtMs: number): Closed {
  if (refused !== null) return { life: 'misconfigured', failure: misconfigured(refused), open: false };
  return { life: 'closed', failure: { status: 503, subStatus: 0, reason: cause, retryAtMs }, open: false };
}

export function invite(application: Application): ApplicationStep {
  return { machine: { ...application, failure: null }, effects: [{ type: 'publish' }] };
}

/** A process that is gone, while nothing may be started. */
export function endedClosed(application: Application, event: Of<'ended'>): ApplicationStep {
  return eachSlot(application, isSlot(event), (slot) =>
    still({ ...slot, leaving: slot.leaving.filter((generation) => generation !== event.generation) }),
  );
}

// --- by hand

/** As behind app_offline.htm. */
const offlineFailure: ApplicationFailure = { status: 503, subStatus: 0, reason: 'ApplicationOffline', retryAtMs: 0 };

export function offline(application: Application): ApplicationStep {
  const closed: Closed = { life: 'offline', failure: offlineFailure, open: false };
  return shut(application, 'application-offline', null, closed);
}

/** What still leaves has the time of the stop. */
export function closeOffline(application: Application, { reason, limitMs }: Of<'close'>): ApplicationStep {
  const { life, failure, open } = application;
  return shut(application, reason, limitMs, { life, failure, open });
}

export function configureOffline(application: Application, { rules }: Of<'configure'>): ApplicationStep {
  return resize({ ...application, rules }, 'config-change');
}

export function online(application: Application, { cause }: Of<'online'>): ApplicationStep {
  return { machine: { ...application, ...closedBy(application, cause, 0) }, effects: [{ type: 'publish' }] };
}

// --- configuration

export function refuse(
  application: Application,
  refused: { readonly status: number; readonly subStatus: number },
): ApplicationStep {
  const { open } = application;
  return shut(application, 'config-change', null, { life: 'misconfigured', failure: misconfigured(refused), open });
}

export function stayClosed(application: Application): ApplicationStep {
  const resized = resize(application, 'config-change');
  if (application.life === 'closed') return resized;
  const failure = { status: 503, subStatus: 0, reason: 'Disabled', retryAtMs: 0 } as const;
  return {
    machine: { ...resized.machine, life: 'closed', failure },
    effects: [...resized.effects, { type: 'publish' }],
  };
}

export function isSlot(key: LifeKey): (slot: Slot) => boolean {
  return (slot) => slot.number === key.slot;
}
