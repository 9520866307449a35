import { BrambleError } from '../../../proto/contract/errors.js';
import type { Endpoint, Host } from '../host/ports.js';
import { type Identity, identityOf, tlsIdentityOf } from './identity.js';
import type { IdentityStore } from './identity-store.js';

export interface RenewOptions {
  readonly host: Pick<Host, 'keys' | 'net'>;
  readonly store: IdentityStore;
  readonly endpoint: Endpoint;
  /** A time that has certainly passed, ms since 1970-01-01 UTC. */
  readonly clockFloorMs: number;
  /** The controller's time. */
  readonly controllerNowMs: () => number;
}

/** Says what is signed: a signature for another purpose means nothing here. */
const CONTEXT = 'bramble-renew-v1\0';

/**
 * Replaces the credential, with a new key each time. Asked again after a lost answer it uses the same new key, so that the
 * controller can tell a retry from a clone. The old identity counts until the new one is stored.
 * @throws BrambleError of the network, of the controller or of the storage
 */
export async function renew(current: Identity, options: RenewOptions, signal: AbortSignal): Promise<Identity> {
  const { host, store, endpoint, clockFloorMs, controllerNowMs } = options;
  const pair = await store.nextKey(current);
  const message = Buffer.from(`${CONTEXT}${current.nodeId}\0${current.renewalCounter}`);
  const request = {
    spkiDer: Buffer.from(pair.spkiDer),
    signature: Buffer.from(host.keys.sign(pair.privateKeyPem, message)),
    renewalCounter: current.renewalCounter,
  };
  const { credential } = await host.net.renew(endpoint, tlsIdentityOf(current, clockFloorMs), request, signal);
  if (credential === undefined) throw new BrambleError('data-loss', 'the controller sent no credential');
  const renewed = identityOf(credential, pair.privateKeyPem, controllerNowMs());
  if (renewed.nodeId !== current.nodeId) {
    throw new BrambleError('data-loss', `the controller sent the credential of node ${renewed.nodeId}`);
  }
  await store.adopt(renewed);
  return renewed;
}
