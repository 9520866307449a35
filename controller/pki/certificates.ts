import './reflect-metadata.js';
import { createHash, type KeyObject, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  X509CrlGenerator,
} from '@peculiar/x509';
import type { Random } from '../../proto/contract/random.js';

/** Makes certificates. Every field is chosen here: nothing of a request but its key comes in. */

const ECDSA_P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Clocks differ: a certificate is valid from an hour before it was made. */
export const BACKDATED_MS = 3_600_000;

export interface CertificateOrder {
  /** Distinguished name, such as "CN=controller". */
  readonly subject: string;
  /** "spiffe://..." */
  readonly uri: string;
  readonly spkiDer: Uint8Array;
  readonly use:
    | { readonly kind: 'root' }
    /** May sign certificates for this one purpose. */
    | { readonly kind: 'issuer'; readonly usage: string }
    | { readonly kind: 'leaf'; readonly usage: string };
  readonly nowMs: number;
  readonly lifeMs: number;
}

/** Whoever signs; a root signs itself. */
export interface Signer {
  readonly subject: string;
  readonly privateKey: KeyObject;
  readonly spkiDer: Uint8Array;
}

export interface MadeCertificate {
  readonly pem: string;
  /** Lower-case hex, 32 digits. */
  readonly serial: string;
  readonly expiresAtMs: number;
}

export async function makeCertificate(
  order: CertificateOrder,
  signer: Signer,
  random: Random,
): Promise<MadeCertificate> {
  const serial = randomSerial(random);
  // X.509 counts whole seconds; what we remember must be what is written.
  const expiresAtMs = Math.floor((order.nowMs + order.lifeMs) / 1000) * 1000;
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: serial,
      subject: order.subject,
      issuer: signer.subject,
      notBefore: new Date(order.nowMs - BACKDATED_MS),
      notAfter: new Date(expiresAtMs),
      publicKey: new PublicKey(Buffer.from(order.spkiDer)),
      signingKey: await signingKey(signer.privateKey),
      signingAlgorithm: ECDSA_P256,
      extensions: [
        ...extensionsFor(order.use),
        new SubjectAlternativeNameExtension([{ type: 'url', value: order.uri }]),
        new SubjectKeyIdentifierExtension(keyIdentifier(order.spkiDer)),
        new AuthorityKeyIdentifierExtension(keyIdentifier(signer.spkiDer)),
      ],
    },
    webcrypto,
  );
  return { pem: `${certificate.toString('pem')}\n`, serial, expiresAtMs };
}

function extensionsFor(use: CertificateOrder['use']): readonly Extension[] {
  switch (use.kind) {
    case 'root':
      return [new BasicConstraintsExtension(true, 1, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true)];
    case 'issuer':
      return [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        new ExtendedKeyUsageExtension([use.usage]),
      ];
    case 'leaf':
      return [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([use.usage], true),
      ];
  }
}

/** 127 random bits behind a bit that keeps the number positive and its length constant. */
function randomSerial(random: Random): string {
  const bytes = Buffer.from(random.bytes(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

/** RFC 7093, method 1 shape: the leftmost 160 bits of a SHA-256, over the whole SubjectPublicKeyInfo. */
function keyIdentifier(spkiDer: Uint8Array): string {
  return createHash('sha256').update(spkiDer).digest('hex').slice(0, 40);
}

/** A list of revoked certificates, which counts until it expires. */
export interface RevocationOrder {
  readonly revoked: readonly { readonly serial: string; readonly atMs: number }[];
  readonly nowMs: number;
  readonly lifeMs: number;
}

export async function makeRevocationList(order: RevocationOrder, signer: Signer): Promise<string> {
  const list = await X509CrlGenerator.create(
    {
      issuer: signer.subject,
      thisUpdate: new Date(order.nowMs - BACKDATED_MS),
      nextUpdate: new Date(order.nowMs + order.lifeMs),
      entries: order.revoked.map(({ serial, atMs }) => ({ serialNumber: serial, revocationDate: new Date(atMs) })),
      signingKey: await signingKey(signer.privateKey),
      signingAlgorithm: ECDSA_P256,
      extensions: [new AuthorityKeyIdentifierExtension(keyIdentifier(signer.spkiDer))],
    },
    webcrypto,
  );
  // The library's own label for it, CRL, is one that OpenSSL does not know. Source: RFC 7468, 7.
  return `${list.toString('pem').replaceAll('CRL-----', 'X509 CRL-----')}\n`;
}

async function signingKey(privateKey: KeyObject): Promise<webcrypto.CryptoKey> {
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
  return await webcrypto.subtle.importKey('pkcs8', pkcs8, ECDSA_P256, false, ['sign']);
}
