import { CollectorScheduler } from '../../agent/kit/collect/scheduler.js';
import { makeNodeClock } from '../../agent/kit/host/node/clock.js';
import { makeNodeExec } from '../../agent/kit/host/node/exec.js';
import { makeKernelFiles } from '../../agent/kit/host/node/kernel-files.js';
import { makeKernelLog } from '../../agent/kit/host/node/kernel-log.js';
import { makeSystemdServices } from '../../agent/kit/host/node/services-systemd.js';
import { noMachine } from '../../agent/kit/machine/local-machine.js';
import { standaloneProbe } from '../../agent/kit/program/run-report.js';
import { piCollectors } from '../../agent/pi/collectors/index.js';
import { Report } from '../../proto/gen/bramble/agent/v1/report.js';
import { SeriesEncoder } from '../../proto/wire/series.js';
import { Child } from './child.js';
import { median } from './figure.js';
import { measured } from './measured-program.js';

const WARM_POLLS = 2_000;
/** Measured in parts, of which the middle one counts: other work on the machine comes in bursts. */
const PARTS = 9;
const PART_POLLS = 1_000;

/**
 * CPU time of one poll under the flags of the agent's unit, ms: every collector that is due, dead bands, the encoded report.
 * @param enter makes the command run where it shall look around
 */
export async function cpuMsPerPoll(enter = (argv: readonly string[]) => argv): Promise<number> {
  const child = new Child(enter(measured('poll')));
  try {
    await child.ask(`${WARM_POLLS}`);
    const costs: number[] = [];
    for (let part = 0; part < PARTS; part++) {
      const { cpuMs } = await child.ask(`${PART_POLLS}`);
      costs.push(Number(cpuMs) / PART_POLLS);
    }
    return median(costs);
  } finally {
    await child.end();
  }
}

/** The program that is measured: polls as often as each line of its input says. */
export async function runPolls(lines: AsyncIterable<string>): Promise<void> {
  const exec = makeNodeExec();
  const host = {
    clock: makeNodeClock(),
    kernel: makeKernelFiles(),
    kernelLog: makeKernelLog(),
    exec,
    services: makeSystemdServices(exec),
    machine: noMachine(),
  };
  const collectors = piCollectors(standaloneProbe(host));
  const scheduler = new CollectorScheduler({ collectors, host, nodeId: 'bench' });
  const encoder = new SeriesEncoder();
  let full = true;
  for await (const line of lines) {
    const before = process.cpuUsage();
    for (let poll = 0; poll < Number(line); poll++) {
      const samples = await scheduler.collect(1_000);
      Report.encode(encoder.encode(samples, host.clock.monotonicMs(), full)).finish();
      full = false;
    }
    const { user, system } = process.cpuUsage(before);
    process.stdout.write(`${JSON.stringify({ cpuMs: (user + system) / 1_000 })}\n`);
  }
}
