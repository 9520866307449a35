import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import { boardKey, furthestStage } from '../../proto/contract/boot/record.js';
import { renderBootRecord } from '../../proto/contract/boot/record-text.js';
import { BOOT_LIMITS, bootStageNumber, bootTroubleNumber } from '../../proto/contract/boot/stage.js';
import { BootLoops } from '../boot/boot-loops.js';
import { BootWatch, type BootWatchOptions } from '../boot/boot-watch.js';

/** Boards that were not seen for so long have no facts any more: they run, or are gone. */
const SHOWN_FOR_MS = 30 * 86_400_000;

/** The boots of all boards: told as they happen, and all of them with every report. */
export function makeBootsCollector(options: BootWatchOptions, loops = new BootLoops()): Collector {
  const watch = new BootWatch(options);
  return {
    name: 'boots',
    intervalMs: 0,
    timeoutMs: 5_000,
    watch: (host, signal) => {
      loops.follow(() => {
        const nowMs = host.clock.monotonicMs();
        return watch.table.records().filter((record) => watch.troubleOf(record, nowMs) === 'boot-loop');
      });
      return watch.run(host, signal);
    },
    collect({ clock }) {
      if (watch.isFollowing === undefined) return noData('only a running agent follows boots');
      if (!watch.isFollowing) return noData(`none of these logs is there: ${options.paths.logs.join(', ')}`);
      const nowMs = clock.monotonicMs();
      const samples = new Samples();
      samples.number('boot_log_lines_count', watch.linesCount);
      samples.number('boot_log_skipped_bytes', watch.skippedBytes);
      samples.number('boot_events_dropped_count', watch.eventsDroppedCount);
      for (const [interfaceName, counts] of watch.table.counts()) {
        samples.number('dhcp_other_server_count', counts.otherServers, interfaceName);
        samples.number('tftp_refused_count', counts.refusals, interfaceName);
        samples.number('tftp_foreign_count', counts.foreignFiles, interfaceName);
      }
      for (const record of watch.table.records()) {
        if (nowMs - record.seenMs > SHOWN_FOR_MS) continue;
        const key = boardKey(record);
        const trouble = watch.troubleOf(record, nowMs);
        const stage = furthestStage(record)?.stage;
        const state = trouble !== undefined ? bootTroubleNumber(trouble) : stage && bootStageNumber(stage);
        samples.number('board_boot_state', state, key);
        samples.text('board_boot_text', renderBootRecord(record), key);
        const recent = record.startsMs.filter((atMs) => nowMs - atMs < BOOT_LIMITS.loopWindowMs);
        samples.number('board_boot_starts_count', recent.length, key);
      }
      return ok(samples.list);
    },
  };
}
