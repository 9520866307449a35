import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import type { BoardView } from '../../agent/kit/roots/orders.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { askRoots } from '../roots/ask.js';

const INTERVAL_MS = 30_000;
/** Boards of one fileserver that are told of; more than a shelf holds. */
const BOARDS_MAX = 256;

/** What the boards of this fileserver are served, through a helper. */
export function makeRootsCollector(): Collector {
  return {
    name: 'roots',
    intervalMs: INTERVAL_MS,
    timeoutMs: 60_000,
    async collect({ machine }, signal) {
      try {
        const view = await askRoots(machine, { kind: 'look' }, signal);
        const samples = new Samples();
        samples.text('roots_driver_text', view.driver);
        samples.flag('roots_isolation_flag', view.capabilities.isolation);
        samples.flag('roots_quota_flag', view.capabilities.quota);
        for (const board of view.boards.slice(0, BOARDS_MAX)) addBoard(samples, board);
        return ok(samples.list);
      } catch (error) {
        const { code, message } = BrambleError.from(error);
        // A fileserver on which nobody keeps roots by us has nothing to say of them.
        if (code === 'unsupported' || code === 'permission-denied') return noData(message);
        throw error;
      }
    },
  };
}

function addBoard(
  samples: Samples,
  { serial, current, previous, underWay, closedBecause, generations }: BoardView,
): void {
  const served = generations.find(({ generation }) => generation === current);
  samples.number('root_generation_count', current ?? 0, serial);
  samples.number('root_previous_count', previous ?? 0, serial);
  samples.number('root_newest_count', Math.max(0, ...generations.map(({ generation }) => generation)), serial);
  samples.text('root_image_text', served?.image ?? '', serial);
  samples.text('root_hostname_text', served?.hostname ?? '', serial);
  samples.text('root_under_way_text', underWay ?? '', serial);
  samples.text('root_closed_text', closedBecause ?? '', serial);
  for (const key of served?.hostKeys ?? []) {
    samples.text('root_host_key_text', key, `${serial}/${key.split(' ')[0] ?? ''}`);
  }
}
