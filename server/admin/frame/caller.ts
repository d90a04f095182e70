/** Who asks, and what they may do. */

export const adminRoles = ['viewer', 'operator', 'admin'] as const;
/** Each includes those before it: a viewer looks, an operator acts on pools, an admin changes the server. */
export type AdminRole = (typeof adminRoles)[number];

export interface AdminCaller {
  /** Name of the token, or `socket`: for the audit log. */
  readonly name: string;
  readonly role: AdminRole;
  /** The pools that the caller may see and act on. */
  readonly pools: readonly string[] | 'all';
  readonly via: 'socket' | 'token' | 'session' | 'nothing';
  /** '' = the unix socket. */
  readonly address: string;
}

/** Whoever opened the unix socket is the server's own user: there is nothing that they could not do otherwise. */
export const socketCaller: AdminCaller = { name: 'socket', role: 'admin', pools: 'all', via: 'socket', address: '' };

export function hasRole(caller: AdminCaller, role: AdminRole): boolean {
  return adminRoles.indexOf(caller.role) >= adminRoles.indexOf(role);
}

/** Who may do everything anyway. */
export function isOwner({ role, pools }: AdminCaller): boolean {
  return role === 'admin' && pools === 'all';
}

/** Whether the caller's grant covers the pool. Lists leave out what it does not cover. */
export function covers(caller: AdminCaller, pool: string): boolean {
  return caller.pools === 'all' || caller.pools.includes(pool);
}
