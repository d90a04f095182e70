/** One attack: what a tenant tries, and what it got. */
import type { World } from './world.js';

export interface Verdict {
  /** What the attacker got, in words for the table. */
  readonly got: string;
  /** Facts that must not be. */
  readonly broken: readonly string[];
}

export interface Attack {
  readonly name: string;
  /** For the table. */
  readonly what: string;
  /**
   * pressure: takes as much as it can of something that others need, for as long as it is let.
   * trespass: the answer is yes or no.
   */
  readonly kind: 'pressure' | 'trespass';
  /** The pool that attacks; it is stopped and started afterwards where the attack leaves something behind. */
  readonly by: 'inside' | 'outside';
  readonly leavesNothing?: boolean;
  /** Begins or repeats it, and waits until its result shows. */
  act(world: World): Promise<Verdict>;
}

export function held(got: string): Verdict {
  return { got, broken: [] };
}

export function verdict(got: string, facts: Readonly<Record<string, boolean>>): Verdict {
  return { got, broken: Object.entries(facts).flatMap(([fact, holds]) => (holds ? [] : [fact])) };
}

interface Attempt {
  readonly what: string;
  /** `done` or the name of an error. */
  readonly got: string;
}

/** Attempts of `each` in test/apps/hostile: all of them must have been refused. */
export function refusals(answer: unknown, allowed = /^(EACCES|EPERM|ESRCH|EROFS|refused)$/): Verdict {
  if (!Array.isArray(answer)) return { got: 'no answer', broken: ['the attacker did not answer'] };
  const attempts = answer as readonly Attempt[];
  const counts = new Map<string, number>();
  for (const { got } of attempts) counts.set(got, (counts.get(got) ?? 0) + 1);
  const words = [...counts].map(([code, count]) => `${count} x ${code}`).join(', ');
  return {
    got: `refused: ${words}`,
    broken: attempts.filter(({ got }) => !allowed.test(got)).map(({ what, got }) => `${what}: ${got}`),
  };
}
