import type { NodeView } from '../../proto/contract/api/fleet.js';
import type { TopologyDocument } from '../../proto/contract/api/topology.js';
import type { ApiClient } from '../cli/api-client.js';
import { isDiskless } from './demo-breaks.js';
import { DEMO_FILESERVER, DEMO_SITE, DEMO_SWITCH, demoPiName } from './demo-names.js';

/** As many as the switch has ports that give power. */
const PORTS = 48;
const PRIORITY = 3;
const ALLOCATED_MILLI_W = 15_400;
const TRUNK_PORT = 49;

/**
 * Acts, and waits no longer than it must. `diagnose` is what it takes: the fileserver counts every half minute, and a system
 * that was not heard for a whole one asks for nothing any more.
 */
const DEMO_POLICY = `name: demo
version: 1
mode: enforce
diagnose: 95s
verifyFor: 30s
probation: 1h
settle: 60s
budgets:
  nodeApart: 60s
  nodePerDay: 6
  fleetPerHourFloor: 20
`;

type Board = Pick<NodeView, 'name' | 'serial' | 'capabilities'>;

/** What stands where in the demo site. A Pi with a card of its own asks its fileserver for nothing. */
export function demoTopology(boards: readonly Board[]): TopologyDocument {
  const byName = new Map(boards.map((board) => [board.name, board]));
  const shelved = Array.from({ length: PORTS }, (_, index) => index).filter((index) => byName.has(demoPiName(index)));
  return {
    sites: [{ name: DEMO_SITE, uplinkDownBitsPerS: 100_000_000, uplinkUpBitsPerS: 20_000_000 }],
    racks: [{ name: 'demo-rack', site: DEMO_SITE }],
    shelves: [{ name: 'demo-shelf', rack: 'demo-rack' }],
    psus: [],
    switches: [
      {
        ...{ name: DEMO_SWITCH, rack: 'demo-rack', psus: [], vlanDomain: DEMO_SITE },
        ports: [
          {
            port: 1,
            toPort: PORTS,
            role: 'node',
            priority: PRIORITY,
            allocatedMilliW: ALLOCATED_MILLI_W,
            redundancyGroup: '',
          },
          { port: TRUNK_PORT, role: 'fileserver', priority: PRIORITY, allocatedMilliW: 0, redundancyGroup: '' },
        ],
      },
    ],
    fileservers: [{ name: DEMO_FILESERVER, rack: 'demo-rack', psus: [], switch: DEMO_SWITCH }],
    nodes: shelved.map((index) => ({
      ...{ name: demoPiName(index), site: DEMO_SITE, shelf: 'demo-shelf', image: '' },
      // What has only a radio is on no port.
      ...(byName.get(demoPiName(index))?.capabilities.ethernet === 'no'
        ? {}
        : { plug: { switch: DEMO_SWITCH, port: index + 1 } }),
      fileserver: isDiskless(index) ? DEMO_FILESERVER : '',
      board: { serial: byName.get(demoPiName(index))?.serial ?? '', model: 'other', firmware: '' },
    })),
    spares: [],
    pools: [],
  };
}

/** What somebody else has written down or set since is theirs; a site that has more Pis or fewer now is written down anew. */
export async function teachHealing(api: ApiClient): Promise<void> {
  const { revision, topology: written } = await api.healing.topology();
  const boards = (await api.nodes()).filter(
    ({ site, kind, state }) => site === DEMO_SITE && kind === 'pi' && state !== 'revoked',
  );
  const topology = demoTopology(boards);
  const isOurs = written.sites.every(({ name }) => name === DEMO_SITE);
  if (isOurs && namesOf(written) !== namesOf(topology)) {
    await api.healing.setTopology({ topology, expectedRevision: revision, reason: 'the demo site as it is built' });
  }
  const { revision: policyRevision } = await api.healing.policy();
  if (policyRevision === 0) await api.healing.setPolicy(DEMO_POLICY, 'the demo site heals by itself');
}

function namesOf({ nodes }: TopologyDocument): string {
  return nodes.map(({ name }) => name).join(' ');
}

/** Somebody was there: whatever waited for hands is looked at anew. */
export async function sayRepaired(api: ApiClient, names: readonly string[]): Promise<void> {
  const wanted = new Set(names);
  for (const node of await api.nodes()) {
    if (node.kind === 'pi' && wanted.has(node.name)) await api.healing.repaired(node.id);
  }
}
