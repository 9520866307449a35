import { BUILD_TIME_MS, VERSION } from '../../../proto/contract/build.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import type { CollectorHost } from '../collect/collector.js';
import type { AgentProbe } from '../collect/probe.js';
import { readBootId } from '../collectors/boot.js';
import { makeNodeClock } from '../host/node/clock.js';
import { makeNodeExec } from '../host/node/exec.js';
import { makeKernelFiles } from '../host/node/kernel-files.js';
import { makeKernelLog, noKernelLog } from '../host/node/kernel-log.js';
import { makeSystemdServices } from '../host/node/services-systemd.js';
import { collectOnce } from '../inspect/collect-once.js';
import { renderJson, renderText } from '../inspect/render-report.js';
import { noMachine } from '../machine/local-machine.js';
import type { AgentProgram } from './agent-program.js';
import type { ProgramIo } from './program-io.js';

export interface ReportRequest {
  readonly hostRoot: string;
  readonly output: 'json' | 'text';
}

/** Collects once from a filesystem root and prints it. Needs no configuration, no state and no controller. */
export async function runReport(program: AgentProgram, io: ProgramIo, request: ReportRequest): Promise<number> {
  const { hostRoot, output } = request;
  const exec = makeNodeExec();
  const host: CollectorHost = {
    clock: makeNodeClock(),
    kernel: makeKernelFiles(hostRoot),
    kernelLog: hostRoot === '/' ? makeKernelLog() : noKernelLog(),
    exec,
    services: makeSystemdServices(exec),
    machine: noMachine(),
  };
  if (host.kernel.list('/') === undefined) {
    throw new BrambleError('not-found', `there is no directory ${hostRoot}`, { hint: 'give --host-root a directory' });
  }
  const otherRoot = hostRoot === '/' ? undefined : { ownKernel: makeKernelFiles() };
  // What only a running agent has (an outbox, a link) would be made up here.
  const collectors = program.collectors(standaloneProbe(host), { otherRoot }).filter(({ name }) => name !== 'self');
  const findings = await collectOnce(collectors, host, io.stopSignal());
  const report = { kind: program.kind, agentVersion: VERSION, hostRoot, takenAtUnixMs: host.clock.nowMs(), findings };
  io.out(output === 'json' ? renderJson(report) : renderText(report));
  return 0;
}

/** What collectors learn of an agent that is not running: no outbox, no link. */
export function standaloneProbe({ clock, kernel }: CollectorHost): AgentProbe {
  return {
    outboxEventsCount: () => 0,
    outboxDroppedCount: () => 0,
    valuesRefusedCount: () => 0,
    storageFailed: () => false,
    stallMs: () => 0,
    configState: () => undefined,
    configDriftsCount: () => undefined,
    controllerOffsetMs: () => undefined,
    clockUntrusted: () => clock.nowMs() < BUILD_TIME_MS,
    clockStepsCount: () => 0,
    reach: () => {
      throw new BrambleError('failed-precondition', 'who looks once has no controller');
    },
    // Nobody listens to a program that looks once.
    kernelLogMatched: () => undefined,
    remembered: () => undefined,
    remember: () => Promise.resolve(),
    tellAndRemember: () => Promise.resolve(),
    happened: () => undefined,
    agentStartedMs: Math.round(clock.monotonicMs()),
    bootId: readBootId(kernel) ?? '',
  };
}
