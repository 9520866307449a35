import type { Figure } from './figure.js';
import { MEASURED_PROGRAM } from './measured-program.js';
import { measureNodeExporter, SAME_ITEMS } from './node-exporter.js';
import { cpuMsPerPoll } from './poll.js';
import { RecordedRoot } from './recorded-root.js';

/** A Pi 4 that measures everything, with a share mounted. */
const RECORDED_PI = 'test/fixtures/host/pi-4b/tree.txt';

/** Polls and scrapes in a root that shows a Pi; nothing where this user may not make one. */
export async function measureRecordedPi(): Promise<readonly Figure[]> {
  if (process.getuid?.() !== 0) return [];
  const root = RecordedRoot.make(RECORDED_PI, [process.execPath, MEASURED_PROGRAM]);
  try {
    const enter = (argv: readonly string[]) => root.enter(argv);
    const exporter = await measureNodeExporter(200, SAME_ITEMS, enter);
    const value = await cpuMsPerPoll(enter);
    const baseline = exporter && {
      baseline: exporter.cpuMsPerScrape,
      baselineName: 'node_exporter scrape, same items and files',
    };
    return [
      { figure: 'agent.cpu_per_poll_recorded_pi', value, unit: 'ms', goal: 0.6 },
      { figure: 'agent.cpu_beside_exporter', value, unit: 'ms', ...baseline, goal: 1 / 7, goalOn: 'ratio' },
    ];
  } finally {
    root.remove();
  }
}
