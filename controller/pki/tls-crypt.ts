import { createCipheriv, createHmac, hkdfSync } from 'node:crypto';

/**
 * Keys of tls-crypt-v2: the wrapping around every packet of a tunnel's handshake. A gateway drops what does not carry a
 * client key that its own key has wrapped, before it looks at any certificate. Source: OpenVPN, doc/tls-crypt-v2.txt.
 */

/** Two keys of 64 bytes each, of which the cipher and the HMAC use the first 32. */
export const SERVER_KEY_BYTES = 128;
const CLIENT_KEY_BYTES = 256;
const HALF_BYTES = 64;
const USED_BYTES = 32;
const TAG_BYTES = 32;
const LENGTH_BYTES = 2;
const IV_BYTES = 16;
/** Metadata of the kind "whatever the operator wants". */
const USER_METADATA = 0;

/** PEM as `openvpn --genkey tls-crypt-v2-server` writes it. */
export function renderServerKey(key: Uint8Array): string {
  return pem('OpenVPN tls-crypt-v2 server key', Buffer.from(key));
}

/**
 * A client's key, wrapped for the gateway. It follows from the gateway's key and the name: nothing has to be kept for it.
 * PEM as `openvpn --genkey tls-crypt-v2-client` writes it.
 */
export function renderClientKey(serverKey: Uint8Array, name: string): string {
  const key = Buffer.from(
    hkdfSync('sha256', serverKey, Buffer.alloc(0), `bramble tls-crypt-v2 client ${name}`, CLIENT_KEY_BYTES),
  );
  const metadata = Buffer.concat([Buffer.from([USER_METADATA]), Buffer.from(name)]);
  const content = Buffer.concat([key, metadata]);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(TAG_BYTES + content.length + LENGTH_BYTES);
  const cipherKey = serverKey.subarray(0, USED_BYTES);
  const hmacKey = serverKey.subarray(HALF_BYTES, HALF_BYTES + USED_BYTES);
  const tag = createHmac('sha256', hmacKey).update(length).update(content).digest();
  const cipher = createCipheriv('aes-256-ctr', cipherKey, tag.subarray(0, IV_BYTES));
  const wrapped = Buffer.concat([tag, cipher.update(content), cipher.final(), length]);
  return pem('OpenVPN tls-crypt-v2 client key', Buffer.concat([key, wrapped]));
}

const LINE = /.{1,64}/g;

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(LINE) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
