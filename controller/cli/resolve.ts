import type { EnrollmentView, NodeView } from '../../proto/contract/api/fleet.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { nodeId } from '../../proto/contract/ids.js';
import { visible } from '../../proto/contract/visible.js';
import type { ApiClient } from './api-client.js';

const NAME_CHARACTERS_MAX = 63;
/** Cannot be part of an address. */
const HALF_CHARACTER = /\p{Surrogate}/u;

/**
 * The node that a person named, by its name or id.
 * @throws BrambleError `not-found`, with names that look alike
 */
export async function resolveNode(api: ApiClient, nameOrId: string): Promise<NodeView> {
  const found = await findNode(api, nameOrId);
  if (found !== undefined) return found;
  const beginning = [...nameOrId]
    .slice(0, 3)
    .join('')
    .replaceAll(/\p{Surrogate}/gu, '');
  const close = (await api.nodes({ name: beginning })).map(({ name }) => visible(name)).slice(0, 5);
  throw new BrambleError('not-found', `no node is called ${visible(nameOrId)}`, {
    hint: close.length > 0 ? `there is ${close.join(', ')}` : 'bramble get nodes lists them',
  });
}

/** By its name, then by its id; only what begins alike is asked for, because a fleet may be large. */
async function findNode(api: ApiClient, nameOrId: string): Promise<NodeView | undefined> {
  const named = async (name: string): Promise<readonly NodeView[]> =>
    name.length > NAME_CHARACTERS_MAX || HALF_CHARACTER.test(name) ? [] : await api.nodes({ name });
  const byName = (await named(nameOrId)).find(({ name }) => name === nameOrId);
  if (byName !== undefined || !isNodeId(nameOrId)) return byName;
  try {
    // The list has the conditions that say something, the node all of them.
    const node = await api.node(nameOrId);
    return (await named(node.name)).find(({ id }) => id === node.id) ?? node;
  } catch (thrown) {
    if (BrambleError.from(thrown).code === 'not-found') return undefined;
    throw thrown;
  }
}

function isNodeId(text: string): boolean {
  try {
    return nodeId(text) === text;
  } catch {
    return false; // a name that looks otherwise
  }
}

/**
 * The request whose fingerprint begins like that.
 * @throws BrambleError `not-found`, `invalid-argument`
 */
export async function resolveEnrollment(api: ApiClient, prefix: string): Promise<EnrollmentView> {
  if (!/^[0-9a-f]{8,64}$/.test(prefix)) {
    throw new BrambleError('invalid-argument', `not a fingerprint: ${visible(prefix)}`, {
      hint: 'give at least the first 8 hex digits; bramble enrol list shows them',
    });
  }
  const lists = await Promise.all(
    (['pending', 'approved', 'rejected'] as const).map((state) => api.enrollments(state)),
  );
  const found = lists.flat().filter((request) => request.fingerprint.startsWith(prefix));
  const only = found[0];
  if (only !== undefined && found.length === 1) return only;
  if (found.length === 0) {
    throw new BrambleError('not-found', `nobody with fingerprint ${prefix} asked to join`, {
      hint: 'bramble enrol list shows who did',
    });
  }
  throw new BrambleError('invalid-argument', `${found.length} requests begin with ${prefix}`, {
    hint: 'give more digits',
  });
}

/** What a severe verb would be done to, for assertConfirmed(). */
export function severe({ name, id, site }: NodeView, would: string) {
  return { name, would, also: ` (${id}, site ${site})` };
}
