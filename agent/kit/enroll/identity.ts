import { BrambleError } from '../../../proto/contract/errors.js';
import { nodeId } from '../../../proto/contract/ids.js';
import type { CommandKey, Credential } from '../../../proto/gen/bramble/agent/v1/enrollment.js';
import type { Endpoint, TlsIdentity } from '../host/ports.js';

/** Who this node is: what the controller gave it, and the key that never left it. */
export interface Identity {
  readonly nodeId: string;
  readonly privateKeyPem: string;
  readonly certificateChainPem: string;
  readonly trustRootsPem: string;
  /** Keys whose commands this node obeys. */
  readonly commandKeys: readonly CommandKey[];
  /** Where the controller listens for this node, in order of preference; never empty. */
  readonly endpoints: readonly Endpoint[];
  readonly renewalCounter: number;
  /** How long after its issue the credential is to be renewed; 0 = never. */
  readonly renewAfterMs: number;
  /** When that is, in the controller's time, as well as it was known at the issue. */
  readonly renewAtMs: number;
}

/**
 * A credential as it arrived, with its key. `issuedMs`: now, in the best time there is.
 * @throws BrambleError `data-loss` when a part is missing: an identity that cannot connect must not replace one that can
 */
export function identityOf(credential: Credential, privateKeyPem: string, issuedMs: number): Identity {
  const { certificateChainPem, trustRootsPem, commandKeys, endpoints, renewalCounter, renewAfterMs } = credential;
  const isComplete = certificateChainPem !== '' && trustRootsPem !== '' && endpoints.length > 0;
  if (!isComplete) throw new BrambleError('data-loss', 'the controller sent an incomplete credential');
  return {
    nodeId: nodeId(credential.nodeId),
    privateKeyPem,
    certificateChainPem,
    trustRootsPem,
    commandKeys,
    endpoints,
    renewalCounter,
    renewAfterMs,
    renewAtMs: Math.floor(issuedMs + renewAfterMs),
  };
}

/** `clockFloorMs`: a time that has certainly passed, ms since 1970-01-01 UTC. */
export function tlsIdentityOf(identity: Identity, clockFloorMs: number): TlsIdentity {
  const { certificateChainPem, privateKeyPem, trustRootsPem } = identity;
  return { certificateChainPem, privateKeyPem, trustRootsPem, clockFloorMs };
}

/**
 * The same identity, with a renewal time that the controller's clock allows: when the credential was issued this node's
 * own clock may have been anywhere, and no credential is younger than from now on.
 */
export function withSaneRenewal(identity: Identity, controllerNowMs: number): Identity {
  const latestMs = Math.floor(controllerNowMs + identity.renewAfterMs);
  return identity.renewAtMs <= latestMs ? identity : { ...identity, renewAtMs: latestMs };
}
