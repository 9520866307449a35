import type { NodeView } from '../../proto/contract/api/fleet.js';
import type { NodeChange } from '../../proto/contract/api/requests.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { NodeId } from '../../proto/contract/ids.js';
import { visible } from '../../proto/contract/visible.js';
import type { Actor } from '../domain/access/actor.js';
import { isNodeName } from '../domain/node-name.js';
import { changeSettings, type NodeSettings, noSettings } from '../domain/node-settings.js';
import { nodeView } from './fleet-view.js';
import type { Identities } from './identities.js';
import type { Prepared } from './mutation.js';
import type { NodeEntry } from './node-table.js';
import type { StoreWriter, World } from './ports.js';
import { assertRevision } from './revision.js';

export interface ChangeNodeDeps {
  readonly world: Pick<World, 'clock'>;
  readonly identities: Pick<Identities, 'renamed'>;
  readonly refreshNode: (id: NodeId) => Promise<NodeEntry | undefined>;
}

/** Name, labels and capabilities of a node. @throws BrambleError `not-found`, `invalid-argument`, `already-exists`, `failed-precondition` */
export async function changeNodeIn(
  writer: StoreWriter,
  deps: ChangeNodeDeps,
  asked: {
    readonly id: NodeId;
    readonly change: NodeChange;
    readonly revision?: number | undefined;
    readonly actor: Actor;
  },
): Promise<Prepared<NodeView>> {
  const { id, change, revision, actor } = asked;
  const node = await writer.node(id);
  if (node === undefined) throw new BrambleError('not-found', `node ${id} is not known`);
  const before = (await writer.nodeSettings(id)) ?? noSettings(id);
  assertRevision(`node ${visible(node.name, 63)}`, before.revision, revision);
  const settings = changeSettings(before, change);
  const name = change.name ?? node.name;
  if (name !== node.name) {
    if (!isNodeName(name)) throw notAName(name);
    await writer.putNode({ ...node, name });
  }
  await writer.putNodeSettings(settings);
  const what = describe(change, before);
  const message = `${visible(actor.name, 80)} changed it: ${what}`;
  const atMs = deps.world.clock.nowMs();
  await writer.addFleetEvent({ atMs, nodeId: id, severity: 'info', reason: 'NodeChanged', message });
  const done = { atMs, actor, action: 'node.change', target: id, site: node.site, outcome: 'done' } as const;
  await writer.audit.add({ ...done, details: { name, what, revision: settings.revision } });
  return {
    async committed() {
      if (name !== node.name) deps.identities.renamed(id, name);
      const entry = await deps.refreshNode(id);
      if (entry === undefined) throw new BrambleError('internal', `node ${id} is gone right after its change`);
      return nodeView(entry);
    },
  };
}

function notAName(name: string): BrambleError {
  const problem = 'a name has at most 63 lower-case letters, digits and dashes, as host names do';
  return new BrambleError('invalid-argument', `not a node name: ${visible(name, 80)}`, {
    hint: problem,
    details: { fields: [{ field: 'name', problem }] },
  });
}

function describe({ name, labels = {}, capabilities = {} }: NodeChange, before: NodeSettings): string {
  const words = name === undefined ? [] : [`its name is ${visible(name, 63)}`];
  for (const [key, value] of Object.entries(labels)) {
    if (value !== null) words.push(`label ${key}=${value}`);
    else if (Object.hasOwn(before.labels, key)) words.push(`no label ${key}`);
  }
  for (const [key, value] of Object.entries(capabilities)) words.push(`${key} is ${value ?? 'what the facts say'}`);
  return words.length === 0 ? 'nothing' : visible(words.join(', '), 500);
}
