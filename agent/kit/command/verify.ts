import { commandId } from '../../../proto/contract/ids.js';
import { Command, type SignedCommand } from '../../../proto/gen/bramble/agent/v1/command.js';
import type { CommandKey } from '../../../proto/gen/bramble/agent/v1/enrollment.js';
import type { Keys } from '../host/ports.js';

/** Says what is signed: a signature for another purpose means nothing here. */
const CONTEXT = new TextEncoder().encode('bramble-command-v1\0');

export type Opened =
  | { readonly kind: 'command'; readonly command: Command }
  /** `claimedId`: what the payload says, believed by nobody; empty when it cannot be read. */
  | { readonly kind: 'bad-signature'; readonly claimedId: string; readonly detail: string }
  | { readonly kind: 'unreadable'; readonly claimedId: string; readonly detail: string };

/** The command inside, once one of the pinned keys has vouched for every bit of it. */
export function openCommand(signed: SignedCommand, keys: readonly CommandKey[], crypto: Keys): Opened {
  const key = keys.find(({ keyId }) => keyId === signed.keyId);
  const command = decode(signed.payload);
  const claimedId = command?.id ?? '';
  if (key === undefined) {
    const name = JSON.stringify(signed.keyId.slice(0, 64));
    return { kind: 'bad-signature', claimedId, detail: `this node does not trust the key ${name}` };
  }
  if (!crypto.verifyEd25519(key.spkiDer, signedBytes(signed.payload), signed.signature)) {
    return { kind: 'bad-signature', claimedId, detail: `the signature is not by the key ${key.keyId}` };
  }
  if (command === undefined) return { kind: 'unreadable', claimedId, detail: 'the payload is no command' };
  return { kind: 'command', command };
}

/** What the signature covers. */
export function signedBytes(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(CONTEXT.length + payload.length);
  bytes.set(CONTEXT);
  bytes.set(payload, CONTEXT.length);
  return bytes;
}

/** `undefined` for what is no command with an id of the agreed form. */
function decode(payload: Uint8Array): Command | undefined {
  try {
    const command = Command.decode(payload);
    commandId(command.id);
    return command;
  } catch {
    return undefined; // the caller says so; why exactly these bytes are no command helps nobody
  }
}
