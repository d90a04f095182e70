import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { handleSignals, holdSignals } from '../../../server/primary/signals.js';

let said: string[];
let now: number;
let remove: () => void;

function handle(echoMs: number): void {
  const commands = {
    stop: (signal: string) => said.push(`stop ${signal}`),
    stopAtOnce: (signal: string) => said.push(`at once ${signal}`),
    reload: () => said.push('reload'),
    upgrade: () => said.push('upgrade'),
  };
  remove = handleSignals(commands, () => now, echoMs);
}

beforeEach(() => {
  said = [];
  now = 1_000;
  remove = () => undefined;
});

afterEach(() => remove());

function send(...signals: NodeJS.Signals[]): void {
  for (const signal of signals) process.emit(signal, signal);
}

test('the first of SIGTERM and SIGINT stops, any second one ends at once', () => {
  handle(0);
  send('SIGINT', 'SIGTERM');
  expect(said).toEqual(['stop SIGINT', 'at once SIGTERM']);
});

test('an echo of the first is not a second one', () => {
  handle(250);
  send('SIGINT', 'SIGINT');
  now += 249;
  send('SIGINT');
  expect(said).toEqual(['stop SIGINT']);
  now += 1;
  send('SIGINT');
  expect(said).toEqual(['stop SIGINT', 'at once SIGINT']);
});

test('SIGHUP reloads, SIGUSR1 does nothing, and afterwards nobody listens', () => {
  handle(0);
  send('SIGHUP', 'SIGUSR1');
  expect(said).toEqual(['reload']);
  remove();
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGTERM', 'SIGINT']) expect(process.listenerCount(signal)).toBe(0);
});

test('what comes while the server starts is held, and told once it runs', () => {
  const held = holdSignals();
  send('SIGUSR2', 'SIGUSR1', 'SIGUSR2');
  expect([...held()]).toEqual(['SIGUSR2', 'SIGUSR1']);
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2']) expect(process.listenerCount(signal)).toBe(0);
});
