import { Command, type SignedCommand } from '../../../proto/gen/bramble/agent/v1/command.js';
import type { CommandKey } from '../../../proto/gen/bramble/agent/v1/enrollment.js';
import { signedBytes } from '../command/verify.js';
import { ed25519FromSeed, makeNodeKeys } from '../host/node/keys.js';

/** A controller's key for commands, from a seed. */
export interface CommandSigner {
  readonly key: CommandKey;
  sign(command: Command): SignedCommand;
  /** Whatever the bytes are. */
  signBytes(payload: Uint8Array): SignedCommand;
}

export function makeCommandSigner(keyId = 'k1', seedByte = 7): CommandSigner {
  const pair = ed25519FromSeed(new Uint8Array(32).fill(seedByte));
  const signBytes = (payload: Uint8Array): SignedCommand => ({
    payload: Buffer.from(payload),
    keyId,
    signature: Buffer.from(makeNodeKeys().sign(pair.privateKeyPem, signedBytes(payload))),
  });
  return {
    key: { keyId, spkiDer: Buffer.from(pair.spkiDer) },
    signBytes,
    sign: (command) => signBytes(Command.encode(command).finish()),
  };
}

/** The id of the n-th command. */
export function commandIdOf(n: number): string {
  return `01900000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
}
