import type { Machine, RaidOrder, StorageQuestion } from '../../agent/kit/host/ports.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { renderThinPools, type SiteExport } from './exports.js';
import { renderExamine, renderSmart } from './storage-files.js';
import type { StorageState } from './storage-state.js';

/** What the helper of a fileserver is asked, answered by simulated disks. */
export function makeStorageMachine(
  on: {
    readonly storage: () => StorageState;
    readonly exports: readonly SiteExport[];
    readonly order: (order: RaidOrder) => void;
  },
  others: Machine,
): Machine {
  return {
    ...others,
    storage: async (question) => answer(question, on.storage(), on.exports),
    raid: async (order) => on.order(order),
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
