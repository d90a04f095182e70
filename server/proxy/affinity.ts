/**
 * Pool setting `affinity: cookie`: a client stays with the slot that served it first. The cookie names slot
 * and generation, signed, so that nobody can choose a worker. After a recycle the slot's successor serves;
 * when the slot has no worker, the one that does gives the client a new cookie.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { affinityCookieName, affinityMarksMax } from '../../config/base/limits.js';
import type { ForwardContext } from '../http1/forward.js';
import { FieldKind } from '../http1/field-kinds.js';
import type { RequestHead } from '../http1/types.js';
import type { Worker } from './worker.js';

/** What a cookie of ours says. */
export interface AffinityMark {
  readonly slot: number;
  readonly generation: number;
}

/** slot.generation.signature; the bounds come before anything is computed. */
const valueForm = /^([1-9]\d{0,5})\.([1-9]\d{0,8})\.([\w-]{22})$/;
const signatureBytes = 16;

export class Affinity {
  readonly #key: Buffer;
  readonly #applicationId: string;
  readonly #path: string;
  /** Values that proved good, so that a client's every request costs no signature. */
  readonly #proven = new Map<string, AffinityMark>();

  /** `path` is the application's; `key` as hexadecimal digits, the same in every listener. */
  constructor(key: string, applicationId: string, path: string) {
    this.#key = Buffer.from(key, 'hex');
    this.#applicationId = applicationId;
    this.#path = path;
  }

  /** Null when the request has no cookie that this server gave for this application. */
  markOf({ fields, fieldKinds }: RequestHead): AffinityMark | null {
    for (let i = 0; i < fieldKinds.length; i++) {
      if (fieldKinds[i] !== FieldKind.plain) continue;
      const name = fields[i * 2] as string;
      if (name.length !== 6 || name.toLowerCase() !== 'cookie') continue;
      const mark = this.#find(fields[i * 2 + 1] as string);
      if (mark !== null) return mark;
    }
    return null;
  }

  /** The value of Set-Cookie that keeps a client with this worker; '' when the `mark` it came with does. */
  cookieFor({ slot, generation }: Worker, mark: AffinityMark | null, { scheme }: ForwardContext): string {
    if (mark?.slot === slot && mark.generation === generation) return '';
    const value = `${slot}.${generation}.${this.#sign(slot, generation).toString('base64url')}`;
    // In frames and scripts of other sites a cookie needs both words, which only https may say.
    const sites = scheme === 'https' ? 'Secure; SameSite=None' : 'SameSite=Lax';
    return `${affinityCookieName}=${value}; Path=${this.#path}; HttpOnly; ${sites}`;
  }

  #find(cookies: string): AffinityMark | null {
    let at = cookies.indexOf(affinityCookieName + '=');
    while (at >= 0) {
      const start = at + affinityCookieName.length + 1;
      const stop = cookies.indexOf(';', start);
      const mark = this.#read(cookies.slice(start, stop < 0 ? cookies.length : stop).trim());
      if (mark !== null) return mark;
      at = cookies.indexOf(affinityCookieName + '=', start);
    }
    return null;
  }

  #read(value: string): AffinityMark | null {
    const proven = this.#proven.get(value);
    if (proven !== undefined) return proven;
    const [, slot, generation, signature] = valueForm.exec(value) ?? [];
    if (slot === undefined || generation === undefined || signature === undefined) return null;
    const mark = { slot: Number(slot), generation: Number(generation) };
    const given = Buffer.from(signature, 'base64url');
    const right = this.#sign(mark.slot, mark.generation);
    if (given.length !== right.length || !timingSafeEqual(given, right)) return null;
    if (this.#proven.size >= affinityMarksMax) this.#proven.clear();
    this.#proven.set(value, mark);
    return mark;
  }

  #sign(slot: number, generation: number): Buffer {
    const signed = `${this.#applicationId}\0${slot}\0${generation}`;
    return createHmac('sha256', this.#key).update(signed).digest().subarray(0, signatureBytes);
  }
}
