/** Listening TCP sockets from /proc/<pid>/net/tcp and tcp6: who listens where, without connecting. */
import { closeSync, openSync, readSync } from 'node:fs';
import { codeOf } from '../../../config/base/errors.js';

export interface ListeningSocket {
  /** `127.0.0.1`, `0.0.0.0`, `::1`, `::`, or any other address as 8 or 32 hex digits. */
  readonly address: string;
  readonly port: number;
  readonly uid: number;
  readonly inode: string;
}

/** All of the network namespace that `pid` lives in ('self' = ours); [] when the process is gone. */
export function readListeners(pid: number | 'self'): ListeningSocket[] {
  return [...readTable(`/proc/${pid}/net/tcp`), ...readTable(`/proc/${pid}/net/tcp6`)];
}

const listenState = '0A';
const readChunkBytes = 65_536;

/**
 * The kernel lists the listening sockets first, so reading ends at the first one that is not: the
 * table of a busy server has a row for each of its thousands of connections.
 */
function readTable(file: string): ListeningSocket[] {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH' || codeOf(error) === 'EINVAL') return [];
    throw error;
  }
  const found: ListeningSocket[] = [];
  const chunk = Buffer.allocUnsafe(readChunkBytes);
  try {
    let text = '';
    for (let header = true; ; ) {
      const bytes = readSync(fd, chunk, 0, chunk.length, null);
      text += chunk.toString('latin1', 0, bytes);
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        if (header) header = false;
        else if (!take(line, found)) return found;
      }
      if (bytes === 0) return found;
    }
  } catch (error) {
    if (codeOf(error) === 'ESRCH' || codeOf(error) === 'EINVAL') return found;
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** False at the first row that does not listen. */
function take(line: string, found: ListeningSocket[]): boolean {
  const socket = parseRow(line);
  if (socket !== null) found.push(socket);
  return socket !== null;
}

/** `sl local_address rem_address st queues timer retransmits uid timeout inode ...`; null when it does not listen. */
export function parseRow(line: string): ListeningSocket | null {
  const [, local = '', , state, , , , uid, , inode = ''] = line.trim().split(/\s+/);
  if (state !== listenState) return null;
  const colon = local.lastIndexOf(':');
  return {
    address: addressOf(local.slice(0, colon)),
    port: Number.parseInt(local.slice(colon + 1), 16),
    uid: Number(uid),
    inode,
  };
}

/** The addresses that matter here, as the kernel prints them: 32-bit words in the machine's byte order. */
const known: Readonly<Record<string, string>> = {
  '0100007F': '127.0.0.1',
  '00000000': '0.0.0.0',
  '00000000000000000000000001000000': '::1',
  '00000000000000000000000000000000': '::',
  // IPv4 addresses bound through an IPv6 socket.
  '0000000000000000FFFF00000100007F': '127.0.0.1',
  '0000000000000000FFFF000000000000': '0.0.0.0',
};

function addressOf(hex: string): string {
  return known[hex] ?? hex;
}
