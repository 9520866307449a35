import { readFileSync, statSync } from 'node:fs';
import { unitFlags } from '../setup/unit-flags.js';
import { AGENT_BUNDLE, reportsSeen, startAgent, untilReports } from './agent-process.js';
import { Child } from './child.js';
import { type Figure, median } from './figure.js';
import { measureKernelLog } from './kernel-log.js';
import { measureNodeExporter, SAME_ITEMS } from './node-exporter.js';
import { cpuMsPerPoll } from './poll.js';
import { cpuMs, residentBytes } from './process-cost.js';
import { measureRecordedPi } from './recorded-pi.js';
import { startRig } from './rig.js';

/** Thirty seconds of a fleet's time, pressed into so many milliseconds. */
const INTERVAL_MS = 20;
/** A third of a day of reports to warm up, then two days of them in four parts. */
const WARM_REPORTS = 1_000;
const PART_REPORTS = 1_440;
const PARTS = 4;
const MIB = 2 ** 20;

/** What the agent's bundle costs a machine, under the flags of its unit and over days of reports. */
export async function measureAgent(): Promise<readonly Figure[]> {
  const bare = await bareNode();
  const exporter = await measureNodeExporter(50);
  const sameItems = await measureNodeExporter(50, SAME_ITEMS);
  const pollMs = await cpuMsPerPoll();
  const recorded = await measureRecordedPi();
  const flood = await measureKernelLog();
  const agent = await longRun();
  const first = agent.residentBytes[0] ?? Number.NaN;
  const last = agent.residentBytes.at(-1) ?? Number.NaN;
  const scraped = exporter && { baseline: exporter.residentBytes / MIB, baselineName: 'node_exporter, scraped' };
  return [
    { figure: 'agent.bundle', value: statSync(AGENT_BUNDLE).size / 1e6, unit: 'MB', goal: 1 },
    {
      figure: 'agent.rss',
      value: median(agent.residentBytes) / MIB,
      unit: 'MiB',
      baseline: bare / MIB,
      baselineName: 'bare node, same flags',
      goal: 55,
    },
    { figure: 'agent.rss_beside_exporter', value: median(agent.residentBytes) / MIB, unit: 'MiB', ...scraped },
    { figure: 'agent.rss_growth', value: (100 * (last - first)) / first, unit: '% over 4,320 reports', goal: 5 },
    {
      figure: 'agent.cpu_per_poll',
      value: pollMs,
      unit: 'ms',
      ...(sameItems && { baseline: sameItems.cpuMsPerScrape, baselineName: 'node_exporter scrape, same items' }),
      goal: 0.6,
    },
    ...recorded,
    ...flood,
    {
      // The poll, and the report on its way: gRPC, TLS, timers, the compiler that is still learning.
      figure: 'agent.cpu_per_report',
      value: agent.cpuMsPerReport,
      unit: 'ms',
      ...(exporter && { baseline: exporter.cpuMsPerScrape, baselineName: 'node_exporter scrape, its defaults' }),
    },
    { figure: 'agent.child_processes', value: agent.childFaults, unit: 'page faults of children', goal: 0 },
  ];
}

interface LongRun {
  readonly residentBytes: readonly number[];
  readonly cpuMsPerReport: number;
  readonly childFaults: number;
}

async function longRun(): Promise<LongRun> {
  const rig = await startRig(INTERVAL_MS);
  const agent = await startAgent(rig);
  try {
    await untilReports(rig, WARM_REPORTS);
    const before = { cpuMs: cpuMs(agent.pid), reports: reportsSeen(rig) };
    const resident: number[] = [residentBytes(agent.pid)];
    for (let part = 1; part <= PARTS; part++) {
      await untilReports(rig, WARM_REPORTS + part * PART_REPORTS);
      resident.push(residentBytes(agent.pid));
    }
    return {
      residentBytes: resident,
      cpuMsPerReport: (cpuMs(agent.pid) - before.cpuMs) / (reportsSeen(rig) - before.reports),
      childFaults: childFaults(agent.pid),
    };
  } finally {
    await agent.end();
    await rig.close();
  }
}

/** Minor faults of children that were waited for: 0 as long as there was none. Source: proc(5), cminflt. */
function childFaults(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[8]);
}

/** Node with the same flags and nothing to do but a timer. */
async function bareNode(): Promise<number> {
  const program = 'console.log("{}"); setInterval(() => undefined, 20)';
  const child = new Child([process.execPath, ...unitFlags(), '--eval', program]);
  try {
    await child.answer();
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    return residentBytes(child.pid);
  } finally {
    await child.end();
  }
}
