/** The table of one application host: what each event means in each state. */
import type { Application, ApplicationLife } from './application-states.js';
import * as does from './application-steps.js';
import type { ApplicationEffect } from './effects.js';
import type { ApplicationEvent } from './events.js';
import { go, ignored, step, type Step, type Table } from './table.js';

/** Where the books of an open application can lead when slots were taken away or a limit has passed. */
const anyOpen = ['idle', 'starting', 'ready', 'backingOff', 'rapidFailed'] as const;

const closes = go(['closed'], does.close);
const serves = (life: ApplicationLife) => go([life], does.served);

export const applicationTable: Table<ApplicationLife, Application, ApplicationEvent, ApplicationEffect> = {
  closed: {
    open: go(['idle', 'starting'], does.open),
    close: closes,
    invite: go(['closed'], (a) => does.invite(a)),
    needWorker: ignored,
    busy: ignored,
    running: ignored,
    served: ignored,
    idle: ignored,
    stalled: ignored,
    ended: go(['closed'], does.endedClosed),
    timer: ignored,
    recycle: ignored,
    stopWorker: ignored,
    configure: go(['closed', 'misconfigured'], does.configure),
  },
  idle: {
    open: go(['idle', 'starting'], does.open),
    close: closes,
    invite: ignored,
    needWorker: go(['starting'], does.needWorker),
    busy: ignored,
    running: ignored,
    served: ignored,
    idle: ignored,
    stalled: ignored,
    ended: go(['idle'], does.ended),
    timer: go(['idle'], does.timer),
    recycle: go(['idle'], does.recycle),
    stopWorker: ignored,
    configure: go(['idle', 'starting', 'misconfigured'], does.configure),
  },
  starting: {
    open: go(['starting'], does.widen),
    close: closes,
    invite: ignored,
    needWorker: go(['starting'], does.needWorker),
    busy: ignored,
    running: go(['ready', 'starting'], does.running),
    served: serves('starting'),
    idle: ignored,
    stalled: ignored,
    ended: go(['idle', 'starting', 'backingOff', 'rapidFailed'], does.ended),
    timer: go(['starting'], does.timer),
    recycle: go(['starting'], does.recycle),
    stopWorker: go(['idle', 'starting', 'backingOff', 'rapidFailed'], does.stopWorker),
    configure: go(['idle', 'starting', 'backingOff', 'rapidFailed', 'misconfigured'], does.configure),
  },
  ready: {
    open: go(['ready'], does.widen),
    close: closes,
    invite: ignored,
    needWorker: go(['ready'], does.needWorker),
    busy: go(['ready'], does.busy),
    running: go(['ready'], does.running),
    served: serves('ready'),
    idle: go(anyOpen, does.idle),
    stalled: go(anyOpen, does.stalled),
    ended: go(anyOpen, does.ended),
    timer: go(['ready'], does.timer),
    recycle: go(['starting', 'ready', 'rapidFailed'], does.recycle),
    stopWorker: go(anyOpen, does.stopWorker),
    configure: go([...anyOpen, 'misconfigured'], does.configure),
  },
  backingOff: {
    open: go(['idle', 'starting'], does.open),
    close: closes,
    invite: ignored,
    needWorker: ignored,
    busy: ignored,
    running: ignored,
    served: ignored,
    idle: ignored,
    stalled: ignored,
    ended: go(['backingOff'], does.ended),
    timer: go(['idle', 'starting', 'backingOff'], does.timer),
    recycle: go(['backingOff'], does.recycle),
    stopWorker: ignored,
    configure: go(['idle', 'starting', 'backingOff', 'misconfigured'], does.configure),
  },
  rapidFailed: {
    open: go(['idle', 'starting'], does.open),
    close: closes,
    invite: ignored,
    needWorker: ignored,
    busy: ignored,
    running: ignored,
    served: ignored,
    idle: ignored,
    stalled: ignored,
    ended: go(['idle', 'starting', 'backingOff', 'rapidFailed'], does.ended),
    timer: go(['idle', 'starting', 'backingOff', 'rapidFailed'], does.timer),
    recycle: go(['idle', 'starting', 'backingOff', 'rapidFailed'], does.recycle),
    stopWorker: ignored,
    configure: go(['idle', 'starting', 'backingOff', 'rapidFailed', 'misconfigured'], does.configure),
  },
  misconfigured: {
    open: go(['misconfigured'], does.noteOpen),
    close: go(['misconfigured'], does.close),
    invite: ignored,
    needWorker: ignored,
    busy: ignored,
    running: ignored,
    served: ignored,
    idle: ignored,
    stalled: ignored,
    ended: go(['misconfigured'], does.endedClosed),
    timer: ignored,
    recycle: ignored,
    stopWorker: ignored,
    configure: go(['closed', 'idle', 'starting', 'misconfigured'], does.configure),
  },
};

export function stepApplication(
  application: Application,
  event: ApplicationEvent,
): Step<Application, ApplicationEffect> {
  return step(applicationTable, application, event);
}
