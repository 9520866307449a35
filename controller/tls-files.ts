import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { CertificateFact } from '../proto/contract/api/doctor.js';
import { BrambleError } from '../proto/contract/errors.js';
import { Secret } from '../proto/contract/secret.js';

const READABLE_BY_OTHERS = 0o004;

/**
 * The page's certificate chain and its key, in PEM; whether they belong together shows when the page is opened.
 * @throws BrambleError `failed-precondition` (not there, not readable, or the key is readable by everybody)
 */
export async function readTlsFiles(paths: {
  readonly certificate: string;
  readonly key: string;
}): Promise<{ readonly certificatePem: string; readonly privateKey: Secret }> {
  const certificatePem = await readText(paths.certificate);
  const { mode } = await stat(paths.key).catch((cause: unknown) => {
    throw unreadable(paths.key, cause);
  });
  if ((mode & READABLE_BY_OTHERS) !== 0) {
    throw new BrambleError('failed-precondition', `the key ${paths.key} can be read by every user of this machine`, {
      hint: `chmod 0640 ${paths.key}, with a group that the controller is in`,
    });
  }
  return { certificatePem, privateKey: new Secret(await readText(paths.key)) };
}

/** Until when the page's own certificate is good: the first of the chain. */
export function pageCertificate({ certificatePem }: { readonly certificatePem: string }): CertificateFact {
  const { validTo } = new X509Certificate(certificatePem);
  return { role: 'page', expiresAtMs: Date.parse(validTo) };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): BrambleError {
  return new BrambleError('failed-precondition', `cannot read ${path} of http.tls: ${String(cause)}`, {
    hint: 'name PEM files that the user of the controller may read',
    cause,
  });
}
