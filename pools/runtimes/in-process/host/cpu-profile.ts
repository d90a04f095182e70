/** A CPU profile of the main thread while it works, in the form that developer tools read (.cpuprofile). */
import type { Profiler, Session } from 'node:inspector';
import { profileSamplingUs } from '../../../../config/base/profile-limits.js';
import { startTimer } from './clean-context.js';
import { inspectorForbidden, isInspectorForbidden } from './watchdog.js';

/** Rejects where Node's permission model forbids the inspector. */
export async function cpuProfile(durationMs: number): Promise<string> {
  if (isInspectorForbidden()) throw new Error(inspectorForbidden);
  // Loaded only now: a worker that is never profiled has no inspector.
  const inspector = await import('node:inspector');
  const session = new inspector.Session();
  session.connect();
  try {
    await profiling(session, durationMs);
    return JSON.stringify(await profileOf(session));
  } finally {
    session.disconnect();
  }
}

function profiling(session: Session, durationMs: number): Promise<void> {
  return new Promise((done, fail) => {
    session.post('Profiler.enable');
    session.post('Profiler.setSamplingInterval', { interval: profileSamplingUs });
    session.post('Profiler.start', (error) => {
      if (error !== null) fail(error);
      else startTimer(durationMs, done);
    });
  });
}

function profileOf(session: Session): Promise<Profiler.Profile> {
  return new Promise((done, fail) => {
    session.post('Profiler.stop', (error, result: Profiler.StopReturnType | undefined) => {
      if (error === null && result !== undefined) done(result.profile);
      else fail(error ?? new Error('there is no profile'));
    });
  });
}
