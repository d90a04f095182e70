import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  dashboards,
  everyExpression,
  knownNames,
  namesIn,
  prometheusFolder,
  recordedNames,
} from '../../support/prometheus-files.js';
import { testNeeding } from '../../support/needs.js';

function promtool(...args: readonly string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: prometheusFolder, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

test('every name in a rule, an alert or a panel is a metric or a recorded rule', () => {
  const known = new Set([...knownNames(), ...recordedNames()]);
  const expressions = everyExpression();
  expect(expressions.length).toBeGreaterThan(60);
  const unknown = expressions.flatMap(({ at, expr }) =>
    namesIn(expr)
      .filter((name) => !known.has(name))
      .map((name) => `${at}: ${name}`),
  );
  expect(unknown).toEqual([]);
});

test('every alert has a severity, says what is the matter and what to do', () => {
  const text = readFileSync(join(prometheusFolder, 'alerts.yml'), 'utf8');
  const alerts = text.split(/^ {6}- alert: /m).slice(1);
  expect(alerts.length).toBeGreaterThan(15);
  for (const alert of alerts) {
    expect(alert).toMatch(/severity: (?:page|ticket)/);
    expect(alert).toMatch(/summary: .*\{\{ \$(?:labels\.instance|value)/);
    expect(alert).toMatch(/description: \S/);
  }
});

test('panels have titles and ids of their own, and lie beside each other', () => {
  for (const { name, panels } of dashboards()) {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const [index, { title, gridPos: one }] of panels.entries()) {
      expect([name, title]).not.toEqual([name, '']);
      expect(one.x + one.w).toBeLessThanOrEqual(24);
      const over = panels.slice(index + 1).filter(({ gridPos: other }) => {
        const apartX = other.x >= one.x + one.w || one.x >= other.x + other.w;
        return !apartX && other.y < one.y + one.h && one.y < other.y + other.h;
      });
      expect([name, title, over.map((other) => other.title)]).toEqual([name, title, []]);
    }
  }
});

testNeeding('promtool')('promtool accepts configuration and rules, and the tests of the rules pass', () => {
  expect(promtool('check', 'config', 'prometheus.yml')).toMatchObject({ status: 0 });
  expect(promtool('check', 'rules', 'recording.yml', 'alerts.yml')).toMatchObject({ status: 0 });
  const tested = promtool('test', 'rules', 'tests.yml');
  expect(tested).toEqual({ status: 0, output: expect.stringContaining('SUCCESS') });
});
