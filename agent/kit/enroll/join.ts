import { BrambleError } from '../../../proto/contract/errors.js';
import type { Endpoint } from '../host/ports.js';

/** What an operator gives a node so that it can enrol. */
export interface JoinFile {
  /** The controller's enrolment listener. */
  readonly controller: Endpoint;
  /** Lower-case hex SHA-256 of the controller's root key (SubjectPublicKeyInfo). */
  readonly pin: string;
  /** bt1_<key id>_<secret>_<checksum> */
  readonly token: string;
}

const TOKEN = /^bt1_([0-9a-z]{1,32})_[0-9a-z]{1,128}_[0-9a-z]{1,32}$/i;

/**
 * The part of a join token that names it and may be shown.
 * @throws BrambleError `invalid-argument`; the message never holds the token
 */
export function tokenKeyId(token: string): string {
  const keyId = TOKEN.exec(token)?.[1];
  if (keyId !== undefined) return keyId;
  throw new BrambleError('invalid-argument', 'the join token is not of the form bt1_<key id>_<secret>_<checksum>', {
    hint: 'copy the whole line that `bramble token create` printed',
  });
}
