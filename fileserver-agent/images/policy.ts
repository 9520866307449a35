import { array, type infer as Infer, number, object, optional, string } from '../../agent/kit/form.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { parsePublicKey } from '../../proto/contract/images/minisign.js';
import type { ImagePolicy } from '../../proto/contract/images/verdict.js';

/** Root's own file: the controller cannot change whose signatures count here. */
export const IMAGE_POLICY_PATH = '/etc/bramble/image-policy.json';

const FORM = object({
  trustedKeys: array(string()),
  revokedKeys: optional(array(string())),
  signaturesMin: optional(number()),
  classes: optional(array(string())),
});

/** Nobody is trusted by a policy that is not there. @throws BrambleError `failed-precondition` for one that is no policy */
export function parseImagePolicy(text: string | undefined): ImagePolicy {
  if (text === undefined) return { trustedKeys: [], revokedKeyIds: [], signaturesMin: 1, classes: [] };
  const { trustedKeys, revokedKeys = [], signaturesMin = 1, classes = [] } = formOf(text);
  if (!Number.isInteger(signaturesMin) || signaturesMin < 1) throw refused('signaturesMin is a whole number from 1 on');
  for (const keyId of revokedKeys) if (!/^[0-9A-F]{16}$/.test(keyId)) throw refused(`${keyId} is no id of a key`);
  try {
    const keys = trustedKeys.map(parsePublicKey);
    return { trustedKeys: keys, revokedKeyIds: revokedKeys, signaturesMin, classes };
  } catch (thrown) {
    throw refused('a trusted key is none', thrown);
  }
}

function formOf(text: string): Infer<typeof FORM> {
  try {
    return FORM.parse(JSON.parse(text));
  } catch (thrown) {
    throw refused('it has another form', thrown);
  }
}

function refused(why: string, cause?: unknown): BrambleError {
  return new BrambleError('failed-precondition', `${IMAGE_POLICY_PATH} is not understood: ${why}`, {
    cause,
    hint: 'it names trustedKeys as minisign prints them (RW…), and may name revokedKeys, signaturesMin and classes',
  });
}
