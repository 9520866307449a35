import { createHmac, timingSafeEqual } from 'node:crypto';
import { ed25519FromSeed, makeNodeKeys } from '../../agent/kit/host/node/keys.js';
import type { Authority, CertificateRequest, IssuedCertificate, Trust } from '../../controller/usecases/ports.js';
import type { Random } from '../../proto/contract/random.js';

const LIFE_MS = 30 * 86_400_000;

/**
 * Issues certificates without X.509: what a TLS server would read out of a real one, as JSON. Everything else is the real
 * cryptography, with keys from the seed, so that a run replays bit by bit.
 */
export function makeSimAuthority(random: Random, clock: { nowMs(): number }): Authority {
  return {
    trustRootsPem: 'simulated roots',
    issueNodeCertificate: (request: CertificateRequest): Promise<IssuedCertificate> => {
      const spkiSha256 = hex(makeNodeKeys().sha256(request.spkiDer));
      const certificateSerial = hex(random.bytes(16));
      return Promise.resolve({
        chainPem: JSON.stringify({ spkiSha256, nodeId: request.nodeId, certificateSerial }),
        certificateSerial,
        expiresAtMs: clock.nowMs() + LIFE_MS,
      });
    },
  };
}

/** Lower-case hex SHA-256 of the certified key, as TLS would present it. */
export function certifiedKey(chainPem: string): string {
  return (JSON.parse(chainPem) as { spkiSha256: string }).spkiSha256; // made above
}

export function makeSimTrust(random: Random): Trust {
  const keys = makeNodeKeys();
  const pair = ed25519FromSeed(random.bytes(32));
  const tokenKey = random.bytes(32);
  const keyId = 'sim-1';
  const domain = new TextEncoder().encode('bramble-command-v1\0');
  return {
    signCommand: (payload) => ({
      payload,
      keyId,
      signature: keys.sign(pair.privateKeyPem, Buffer.concat([domain, payload])),
    }),
    signFreshness: (text) => ({
      text,
      keyId,
      signature: keys.sign(pair.privateKeyPem, new TextEncoder().encode(`bramble-freshness-v1\0${text}`)),
    }),
    verify: (spkiDer, message, signature) => keys.verifyEd25519(spkiDer, message, signature),
    sha256: (bytes) => keys.sha256(bytes),
    tokenHmac: (bytes) => createHmac('sha256', tokenKey).update(bytes).digest(),
    equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
    commandKeys: [{ keyId, spkiDer: pair.spkiDer }],
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
