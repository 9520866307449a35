import { setTimeout as wait } from 'node:timers/promises';
import type { NodeView } from '../../proto/contract/api/fleet.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { ApiClient } from '../cli/api-client.js';

const POLL_MS = 150;
const TOKEN_TTL_MS = 3_600_000;
/** The newest events among which the first report of this machine is looked for. */
const EVENTS_READ = 1_000;

/** The node that the first start enrolled, when this controller still knows it. */
export async function knownNode(api: ApiClient, nodeId: string | undefined): Promise<NodeView | undefined> {
  return nodeId === undefined ? undefined : (await api.nodes()).find((node) => node.id === nodeId);
}

/** A token for this machine alone, which needs no person to approve. */
export async function tokenForThisMachine(api: ApiClient, site: string) {
  return api.createToken({ site, kind: 'pi', ttlMs: TOKEN_TTL_MS, uses: 1, preApproved: true });
}

/**
 * Waits until a report of this machine counts: on the first start until the controller has committed that the new node
 * reports, later until the same node is heard again.
 * @throws BrambleError `deadline-exceeded`
 */
export async function waitForReport(
  api: ApiClient,
  site: string,
  before: { readonly nodeIds: ReadonlySet<string>; readonly known: string | undefined },
  limitMs: number,
  signal: AbortSignal,
): Promise<NodeView> {
  const endsAtMs = performance.now() + limitMs;
  while (performance.now() < endsAtMs) {
    const nodes = await api.nodes();
    const isThisMachine = (node: NodeView): boolean =>
      before.known === undefined ? node.site === site && !before.nodeIds.has(node.id) : node.id === before.known;
    const node = nodes.find((each) => isThisMachine(each) && each.liveness === 'fresh');
    if (node !== undefined && (before.known !== undefined || (await hasReported(api, node.id)))) return node;
    await wait(POLL_MS, undefined, { signal });
  }
  throw new BrambleError('deadline-exceeded', `the agent of this machine sent no report within ${limitMs / 1_000} s`);
}

async function hasReported(api: ApiClient, nodeId: string): Promise<boolean> {
  const events = await api.events({ node: nodeId }, EVENTS_READ);
  return events.some((event) => event.reason === 'NodeReporting');
}
