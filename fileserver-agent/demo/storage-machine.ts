import type { Machine, RaidOrder, StorageQuestion } from '../../agent/kit/host/ports.js';
import type { RootsOrder, RootsView } from '../../agent/kit/roots/orders.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { parseRootsOrder } from '../roots/parse-order.js';
import { renderThinPools, type SiteExport } from './exports.js';
import type { SiteTraffic } from './site-traffic.js';
import { renderExamine, renderSmart } from './storage-files.js';
import type { StorageState } from './storage-state.js';

/** What the helper of a fileserver is asked, answered by simulated disks. */
export function makeStorageMachine(
  on: {
    readonly storage: () => StorageState;
    readonly exports: readonly SiteExport[];
    readonly order: (order: RaidOrder) => void;
    readonly traffic: SiteTraffic;
    readonly roots: (order: RootsOrder) => RootsView;
  },
  others: Machine,
): Machine {
  return {
    ...others,
    storage: async (question) => answer(question, on.storage(), on.exports),
    raid: async (order) => on.order(order),
    traffic: async () => on.traffic.look(),
    // Boot files of simulated boards are as they should be: whoever looks finds nothing to change.
    own: async (order) => JSON.stringify(on.roots(parseRootsOrder(order))),
  };
}

function answer(question: StorageQuestion, state: StorageState, exports: readonly SiteExport[]): string {
  switch (question.kind) {
    case 'smart': {
      const disk = state.disks.find(({ name }) => name === question.disk);
      if (disk === undefined) throw noDevice(question.disk);
      return renderSmart(disk, state.atMs);
    }
    case 'thin-pools':
      return renderThinPools(exports, state.atMs);
    case 'raid-member': {
      const member = state.members.find(({ disk }) => disk === question.member);
      if (member === undefined) throw noDevice(question.member);
      return renderExamine(member, state);
    }
  }
}

function noDevice(name: string): BrambleError {
  return new BrambleError('not-found', `/dev/${name}: No such device`);
}
