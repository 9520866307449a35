import type { Collector } from '../../agent/kit/collect/collector.js';
import type { AgentProbe } from '../../agent/kit/collect/probe.js';
import { makeDiskCollector } from '../../agent/kit/collectors/disk.js';
import { hostCollectors } from '../../agent/kit/collectors/index.js';
import type { CollectorWishes } from '../../agent/kit/program/agent-program.js';
import type { BootLoops } from '../boot/boot-loops.js';
import { makeNetconsoleCollector } from '../netconsole/netconsole.js';
import { makeRaidWatch } from '../raid/raid-watch.js';
import { BOOT_PATHS, type FollowedSources, NETCONSOLE_PORT } from '../sources.js';
import { makeBootServicesCollector } from './boot-services.js';
import { makeBootsCollector } from './boots.js';
import { makeBtrfsCollector } from './btrfs.js';
import { makeExportsCollector } from './exports.js';
import { makeThinPoolCollector } from './lvm-thin.js';
import { makeNfsServerCollector } from './nfs-server.js';
import { makeRaidCollector } from './raid.js';
import { makeRaidEventsCollector } from './raid-events.js';
import { makeRootsCollector } from './roots.js';
import { makeSmartCollector } from './smart.js';
import { makeTrafficCollector } from './traffic.js';
import { makeVlanPeersCollector } from './vlan-peers.js';

export interface FileserverCollectorOptions extends CollectorWishes {
  readonly sources: FollowedSources;
  readonly loops?: BootLoops | undefined;
}

/** What a fileserver has to say: one line per collector. */
export function fileserverCollectors(
  probe: AgentProbe,
  { otherRoot, sources, stateDir = '', loops }: FileserverCollectorOptions,
): readonly Collector[] {
  return [
    ...hostCollectors(probe, otherRoot),
    makeDiskCollector(),
    makeRaidCollector(makeRaidWatch(probe)),
    makeBtrfsCollector(),
    makeNfsServerCollector(),
    makeExportsCollector(),
    makeVlanPeersCollector(),
    makeBootsCollector({ sources, probe, paths: { ...BOOT_PATHS, state: `${stateDir}/boots.json` } }, loops),
    makeNetconsoleCollector({ datagrams: sources.datagrams, port: NETCONSOLE_PORT, probe }),
    // Programs and a helper speak of the system that they run on, never of another root.
    ...(otherRoot === undefined
      ? [
          makeRaidEventsCollector(),
          makeSmartCollector(),
          makeThinPoolCollector(),
          makeBootServicesCollector(BOOT_PATHS.leases),
          makeTrafficCollector(),
          makeRootsCollector(),
        ]
      : []),
  ];
}
