import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { applicationTable } from '../../../pools/lifecycle/application-machine.js';
import { poolTable } from '../../../pools/lifecycle/pool-machine.js';
import { edges } from '../../../pools/lifecycle/table.js';
import { workerTable } from '../../../pools/lifecycle/worker-machine.js';

/** The lines ` *   from --event--> to | to` under `@diagram` of a states file. */
function drawn(file: string): readonly string[] {
  const source = readFileSync(new URL(`../../../../pools/lifecycle/${file}`, import.meta.url), 'utf8');
  const found: string[] = [];
  for (const line of source.split('\n')) {
    const match = /^ \* +(\w+) +--(\w+)--> +(.+)$/.exec(line);
    if (match === null) continue;
    const [, from, event, targets = ''] = match;
    for (const to of targets.split('|')) found.push(`${from} --${event}--> ${to.trim()}`);
  }
  return found.toSorted();
}

const machines = [
  { file: 'worker-states.ts', inTable: edges(workerTable), states: Object.keys(workerTable) },
  { file: 'application-states.ts', inTable: edges(applicationTable), states: Object.keys(applicationTable) },
  { file: 'pool-states.ts', inTable: edges(poolTable), states: Object.keys(poolTable) },
];

describe.each(machines)('$file', ({ file, inTable, states }) => {
  test('draws every change of state that the table allows, and no other', () => {
    expect(inTable.length).toBeGreaterThan(10);
    expect(drawn(file)).toEqual(inTable);
  });

  test('every state can be left or is the end, and every state is reached', () => {
    const reached = new Set(inTable.map((edge) => edge.split(' ')[2]));
    const first = states[0] ?? '';
    for (const state of states.filter((name) => name !== first && name !== 'misconfigured')) {
      expect(reached).toContain(state);
    }
    const left = new Set(inTable.map((edge) => edge.split(' ')[0]));
    for (const state of states.filter((name) => name !== 'gone')) expect(left).toContain(state);
  });
});
