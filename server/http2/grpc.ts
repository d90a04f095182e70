/** What a gateway knows of gRPC (its "gRPC over HTTP2" protocol page): which messages are calls, and how one that it cannot finish ends. */

const contentType = 'content-type';
const grpcType = 'application/grpc';

/** A request or an answer of a call; gRPC-Web carries its trailers in the body and is an ordinary request here. */
export function isGrpc({ fields }: { readonly fields: readonly string[] }): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    if (name.length !== contentType.length || name.toLowerCase() !== contentType) continue;
    const value = (fields[i + 1] as string).toLowerCase();
    if (!value.startsWith(grpcType)) return false;
    const next = value[grpcType.length];
    return next === undefined || next === '+' || next === ';';
  }
  return false;
}

/** Trailers of a call whose worker was lost in the middle of its answer: UNAVAILABLE, as for a lost connection. */
export const lostCallTrailers: readonly string[] = [
  'grpc-status',
  '14',
  'grpc-message',
  'the application was lost before it had answered',
];
