// HOT: measured by test/bench/http2.bench.ts
import { invariant } from '../../config/base/invariant.js';

/**
 * Lengths in bits of the codes of RFC 7541 Appendix B, for the octets 0 to 255. The code is canonical: codes of one
 * length are given in the order of the octets, so that lengths say everything. EOS has the last code of 30 bits.
 */
// biome-ignore format: sixteen to a line
const codeLengths = new Uint8Array([
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
]);
const eos = 256;
const eosLength = 30;

const codes = new Uint32Array(257);

function lengthOf(symbol: number): number {
  return symbol === eos ? eosLength : (codeLengths[symbol] as number);
}

function assignCodes(): void {
  let code = 0;
  for (let length = 1; length <= eosLength; length++) {
    for (let symbol = 0; symbol <= eos; symbol++) if (lengthOf(symbol) === length) codes[symbol] = code++;
    code *= 2;
  }
}
assignCodes();

/**
 * The decoder: a state is an inner node of the code tree (state 0 the root), the input four bits. An entry holds the
 * next state in its upper bits, `emits` with the octet in the lower ones, or `fails`.
 */
const emits = 0x100;
const fails = 0x200;
const stateShift = 10;
const statesMax = 256;
const steps = new Uint32Array(statesMax * 16);
/** 1 = the string may end here: at most seven bits of padding, all of them ones (RFC 7541 5.2). */
const mayEnd = new Uint8Array(statesMax);

interface Node {
  readonly state: number;
  readonly next: [Node | number, Node | number];
}

function buildTree(): Node[] {
  const nodes: Node[] = [];
  const add = (): Node => {
    const node: Node = { state: nodes.length, next: [-1, -1] };
    nodes.push(node);
    return node;
  };
  const root = add();
  for (let symbol = 0; symbol <= eos; symbol++) {
    const length = lengthOf(symbol);
    let node = root;
    for (let bit = length - 1; bit >= 0; bit--) {
      const side = ((codes[symbol] as number) >>> bit) & 1;
      if (bit === 0) {
        node.next[side] = symbol;
        break;
      }
      const next = node.next[side];
      const child = typeof next === 'object' ? next : add();
      node.next[side] = child;
      node = child;
    }
  }
  invariant(nodes.length === statesMax, 'the code tree has 256 inner nodes');
  return nodes;
}

function buildSteps(): void {
  const nodes = buildTree();
  const root = nodes[0] as Node;
  for (const from of nodes) {
    for (let input = 0; input < 16; input++) {
      let node = from;
      let entry = 0;
      for (let bit = 3; bit >= 0; bit--) {
        const next = node.next[((input >>> bit) & 1) as 0 | 1];
        if (typeof next === 'object') {
          node = next;
          continue;
        }
        entry |= next === eos ? fails : emits | next;
        node = root;
      }
      steps[from.state * 16 + input] = (node.state << stateShift) | entry;
    }
  }
  let node: Node | number = root;
  for (let ones = 0; ones < 8 && typeof node === 'object'; ones++) {
    mayEnd[node.state] = 1;
    node = node.next[1];
  }
}
buildSteps();

/**
 * Decodes `buffer[start, end)` into `target` from its begin. Returns the number of octets, or -1: EOS in the string,
 * padding that is too long or not all ones (RFC 7541 5.2). `target` holds at least twice the input.
 */
export function decodeHuffman(buffer: Uint8Array, start: number, end: number, target: Uint8Array): number {
  let state = 0;
  let at = 0;
  for (let i = start; i < end; i++) {
    const byte = buffer[i] as number;
    const high = steps[state * 16 + (byte >>> 4)] as number;
    if ((high & emits) !== 0) target[at++] = high & 0xff;
    const low = steps[(high >>> stateShift) * 16 + (byte & 15)] as number;
    if ((low & emits) !== 0) target[at++] = low & 0xff;
    if (((high | low) & fails) !== 0) return -1;
    state = low >>> stateShift;
  }
  return mayEnd[state] === 1 ? at : -1;
}

/** Bytes that `text` (latin1) takes when encoded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += codeLengths[text.charCodeAt(i) & 0xff] as number;
  return (bits + 7) >>> 3;
}

/** Writes `text` (latin1) encoded, padded with ones. @returns the offset behind it. */
export function encodeHuffman(text: string, buffer: Uint8Array, start: number): number {
  let at = start;
  let held = 0;
  let bits = 0;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i) & 0xff;
    let length = codeLengths[symbol] as number;
    const code = codes[symbol] as number;
    // At most 7 bits are held, and 30 join them: taken in two portions, so that 32 bits suffice.
    if (length > 16) {
      length -= 16;
      held = (held << length) | (code >>> 16);
      bits += length;
      while (bits >= 8) buffer[at++] = held >>> (bits -= 8);
      held = (held << 16) | (code & 0xffff);
      bits += 16;
    } else {
      held = (held << length) | code;
      bits += length;
    }
    while (bits >= 8) buffer[at++] = held >>> (bits -= 8);
  }
  if (bits > 0) buffer[at++] = (held << (8 - bits)) | ((1 << (8 - bits)) - 1);
  return at;
}
