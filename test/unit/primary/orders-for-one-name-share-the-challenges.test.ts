/** What the primary shows of orders under way, and what a listener answers with after it. */
import { beforeEach, expect, test } from '@jest/globals';
import type { Challenges } from '../../../pools/protocol/primary-to-listener.js';
import { ChallengeAnswers } from '../../../server/listener/challenges.js';
import { ChallengeBoard } from '../../../server/primary/acme/challenge-board.js';

const name = 'a.test';
let shown: Challenges;
let answers: ChallengeAnswers;
let board: ChallengeBoard;

beforeEach(() => {
  answers = new ChallengeAnswers();
  board = new ChallengeBoard(
    async (challenges) => {
      shown = challenges;
      answers.apply(challenges);
    },
    () => 1_700_000_000_000,
  );
});

test('the end of one order leaves the handshake of another for the same name', async () => {
  await board.show('tls-alpn-01', name, 'token-1', 'token-1.key');
  const [ofFirst, first] = [answers.serverFor(name), shown.tls[name]];
  await board.show('tls-alpn-01', name, 'token-2', 'token-2.key');
  // The newest counts, in the listeners too.
  expect(shown.tls[name]).not.toEqual(first);
  const ofSecond = answers.serverFor(name);
  expect(ofSecond).not.toBe(ofFirst);
  board.hide('tls-alpn-01', name, 'token-1');
  expect(answers.serverFor(name)).toBe(ofSecond);
  board.hide('tls-alpn-01', name, 'token-1');
  expect(answers.serverFor(name)).toBe(ofSecond);
  board.hide('tls-alpn-01', name, 'token-2');
  expect([answers.serverFor(name), shown]).toEqual([null, { http: {}, tls: {} }]);
});

test('the first order is answered again when the second has ended before it', async () => {
  await board.show('tls-alpn-01', name, 'token-1', 'token-1.key');
  const first = shown.tls[name];
  await board.show('tls-alpn-01', name, 'token-2', 'token-2.key');
  board.hide('tls-alpn-01', name, 'token-2');
  expect(shown.tls[name]).toEqual(first);
  expect(answers.serverFor(name)).not.toBeNull();
});

test('a token that an authority names twice is shown until both orders are over', async () => {
  await board.show('http-01', name, 'token', 'token.key');
  await board.show('http-01', name, 'token', 'token.key');
  board.hide('http-01', name, 'token');
  expect(shown.http).toEqual({ token: 'token.key' });
  board.hide('http-01', name, 'token');
  expect(shown.http).toEqual({});
});
