/** Certificates of clients that `openssl` would not make: any subject, any size. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { bits, der, integer, objectId, octets, pem, sequence, set, time, utf8 } from '../../server/primary/der.js';
import { ecdsaWithSha256, extension } from '../../server/primary/self-signed.js';

export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

const farMs = 4_000_000_000_000;

/** For a client, signed with its own key. `padding`: bytes in an extension that nobody knows. */
export function strangeClient(commonName: string, padding = 0): ClientCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(set(sequence(objectId('2.5.4.3'), utf8(commonName))));
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.from([0x42])),
    ecdsaWithSha256,
    name,
    sequence(time(0), time(farMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      sequence(
        extension('2.5.29.37', sequence(objectId('1.3.6.1.5.5.7.3.2'))),
        ...(padding === 0 ? [] : [extension('1.3.6.1.4.1.5555.1', octets(Buffer.alloc(padding)))]),
      ),
    ),
  );
  const signature = sign('sha256', body, privateKey);
  return {
    cert: pem('CERTIFICATE', sequence(body, ecdsaWithSha256, bits(signature))),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
