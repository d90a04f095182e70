/**
 * Keeps the process alive exactly as long as the app alone would: while its server listens and while
 * connections are open. All other handles of the host are unref'd.
 */
export interface Referable {
  ref(): void;
  unref(): void;
}

let handle: Referable | null = null;
let holders = 0;

/** The handle that is ref'd while somebody holds; the link's listening handle. */
export function setAnchor(referable: Referable): void {
  handle = referable;
  if (holders === 0) referable.unref();
  else referable.ref();
}

export function holdAnchor(): void {
  holders += 1;
  if (holders === 1) handle?.ref();
}

export function releaseAnchor(): void {
  holders -= 1;
  if (holders === 0) handle?.unref();
}
