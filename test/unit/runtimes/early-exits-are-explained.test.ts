import { describe, expect, test } from '@jest/globals';
import { describeEarlyExit } from '../../../pools/runtimes/in-process/early-exit.js';
import { describeExit } from '../../../pools/runtimes/out-of-process/exit-cause.js';
import { escapeOutput } from '../../../pools/runtimes/output-sinks.js';

const exit = (code: number | null, outputTail = '', signal: string | null = null) => ({
  code,
  signal,
  limit: null,
  outputTail,
});

describe('an out-of-process program that ends before it listens', () => {
  test.each([
    [
      exit(150, "You must install or update .NET\nFramework: 'Microsoft.AspNetCore.App', version '11.0.0' (x64)"),
      'framework-missing',
      'Microsoft.AspNetCore.App 11.0.0',
      true,
    ],
    [exit(131, 'libhostpolicy.so was not found'), 'framework-missing', 'built for Windows', true],
    [
      exit(1, 'Could not execute because the specified command or file was not found.'),
      'entry-missing',
      'arguments',
      true,
    ],
    [exit(126, 'setpriv: failed to execute /x: Exec format error'), 'spawn-failed', 'Exec format error', true],
    [
      exit(null, 'Failed to bind to address http://127.0.0.1:1: address already in use.', 'SIGABRT'),
      'port-refused',
      'SIGABRT',
      false,
    ],
    [exit(1, 'Error: listen EADDRINUSE'), 'port-refused', 'in use', false],
    [exit(137, 'Failed to create CoreCLR, HRESULT: 0x8007000E'), 'exited-early', 'memory', true],
    [exit(3), 'exited-early', 'exit code 3', false],
    [exit(0), 'exited-early', 'without an error', false],
    [exit(null, '', 'SIGSEGV'), 'exited-early', 'signal SIGSEGV', false],
  ])('%j', (how, code, words, final) => {
    const error = describeExit(how);
    expect({ code: error.code, final: error.final }).toEqual({ code, final });
    expect(error.message).toContain(words);
    expect(error.remedy).not.toBe('');
  });
});

describe('an in-process app that ends before it listens', () => {
  test.each([
    [exit(0), 'without listening'],
    [exit(9), 'options'],
    [exit(13), 'top-level await'],
    [exit(1), 'Error: boom'],
  ])('%j', (how, words) => {
    const error = describeEarlyExit(how, 'Error: boom\n    at app.js:1', 'app.js');
    expect(error.code).toBe('exited-early');
    expect(error.message).toContain(words);
  });
});

describe('escapeOutput', () => {
  test.each([
    ['plain ütf-8 ✓\ttext\n', 'plain ütf-8 ✓\ttext\n'],
    ['\u001b[31mred', '\\x1b[31mred'],
    ['a\rb\u0000c\u007f', 'a\\x0db\\x00c\\x7f'],
    ['\u009b31m', '\\xc2\\x9b31m'],
    [
      'a\u202eb\u2066c\u061cd\u200f\u2028',
      'a\\xe2\\x80\\xaeb\\xe2\\x81\\xa6c\\xd8\\x9cd\\xe2\\x80\\x8f\\xe2\\x80\\xa8',
    ],
    [
      '\u200d\u2010 … “quoted” \u202f \u2065\u206a سلام שלום ±',
      '\u200d\u2010 … “quoted” \u202f \u2065\u206a سلام שלום ±',
    ],
  ])('%j', (raw, escaped) => {
    expect(Buffer.from(escapeOutput(Buffer.from(raw))).toString()).toBe(escaped);
  });

  test('a character that steers gets by in no cut', () => {
    for (const ch of ['\u009b', '\u061c', '\u200e', '\u200f', '\u2029', '\u202a', '\u202e', '\u2066', '\u2069']) {
      const bytes = Buffer.from(ch);
      for (let at = 1; at < bytes.length; at += 1) {
        const pieces = [bytes.subarray(0, at), bytes.subarray(at)].map(escapeOutput);
        expect(Buffer.concat(pieces).toString()).not.toContain(ch);
      }
    }
  });

  test('returns what needs no change without a copy', () => {
    const chunk = Buffer.from('nothing to do\n');
    expect(escapeOutput(chunk)).toBe(chunk);
  });
});
