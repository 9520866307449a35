import { existsSync } from 'node:fs';
import { makeNodeClock } from '../../agent/kit/host/node/clock.js';
import { makeNodeExec } from '../../agent/kit/host/node/exec.js';
import { makeKernelFiles } from '../../agent/kit/host/node/kernel-files.js';
import { makeKernelLog } from '../../agent/kit/host/node/kernel-log.js';
import { makeSystemdServices } from '../../agent/kit/host/node/services-systemd.js';
import type { KernelLog } from '../../agent/kit/host/ports.js';
import { noMachine } from '../../agent/kit/machine/local-machine.js';
import { makeKernelLogCollector } from '../../agent/pi/collectors/kernel-log.js';
import { Child } from './child.js';
import type { Figure } from './figure.js';
import { measured } from './measured-program.js';

const LOG = '/dev/kmsg';
const WARM_LINES = 20_000;
const LINES = 100_000;
const MINUTE_MS = 60_000;
/** One line in so many is one that a rule knows. */
const TROUBLE_EVERY = 10;

/** What a minute with 100,000 lines would cost if every one was read; nothing where this user may not read the log. */
export async function measureKernelLog(): Promise<readonly Figure[]> {
  if (process.getuid?.() !== 0 || !existsSync(LOG)) return [];
  const child = new Child(measured('kernel-log'));
  try {
    await child.ask(`${WARM_LINES}`);
    const { cpuMs, lines } = await child.ask(`${LINES}`);
    const value = ((Number(cpuMs) / Number(lines)) * LINES * 100) / MINUTE_MS;
    return [{ figure: 'agent.kernel_log_flood', value, unit: '% of a core', goal: 5 }];
  } finally {
    await child.end();
  }
}

/** The program that is measured: takes in as many lines as each line of its input says. */
export async function runKernelLog(input: AsyncIterable<string>): Promise<void> {
  const clock = makeNodeClock();
  const exec = makeNodeExec();
  const kernelLog = endlessLog(() => clock.monotonicMs());
  const host = {
    clock,
    kernel: makeKernelFiles(),
    kernelLog,
    exec,
    services: makeSystemdServices(exec),
    machine: noMachine(),
  };
  const collector = makeKernelLogCollector(() => undefined);
  const { signal } = new AbortController();
  for await (const wanted of input) {
    const before = process.cpuUsage();
    const linesBefore = kernelLog.lines;
    while (kernelLog.lines - linesBefore < Number(wanted)) await collector.collect(host, signal);
    const { user, system } = process.cpuUsage(before);
    const lines = kernelLog.lines - linesBefore;
    process.stdout.write(`${JSON.stringify({ cpuMs: (user + system) / 1_000, lines })}\n`);
  }
}

/** What the kernel's ring holds, again and again, as if it was said now, with trouble in between. */
function endlessLog(nowMs: () => number): KernelLog & { readonly lines: number } {
  const log = makeKernelLog(LOG);
  let lines = 0;
  return {
    get lines() {
      return lines;
    },
    last: (recordsMax) => log.last(recordsMax),
    read: (recordsMax) => {
      const { records } = log.read(recordsMax);
      log.close();
      if (records.length === 0) throw new Error(`${LOG} holds nothing`);
      lines += records.length;
      const atMs = nowMs();
      const text = 'mmc1: Timeout waiting for hardware interrupt.';
      return {
        droppedCount: 0,
        records: records.map((record, at) => ({
          ...record,
          atMs,
          facility: 0,
          ...(at % TROUBLE_EVERY === 0 && { text }),
        })),
      };
    },
  };
}
