import { type BootRecord, furthestStage } from './record.js';
import type { BootLimits, BootStage, BootTrouble } from './stage.js';

/** Where a boot is, and what is wrong with it. */
export interface BootVerdict {
  /** `undefined`: nothing was reached yet. */
  readonly stage: BootStage | undefined;
  readonly trouble: BootTrouble | undefined;
  /** When it is judged anew though nothing happens; `undefined` = never. */
  readonly dueMs: number | undefined;
}

/** Decides, never acts: the same record at the same time is the same verdict. */
export function judgeBoot(record: BootRecord, nowMs: number, limits: BootLimits): BootVerdict {
  const stage = furthestStage(record)?.stage;
  const wait = waitOf(record, limits);
  const isLate = wait !== undefined && nowMs >= wait.untilMs;
  const recent = record.startsMs.filter((atMs) => nowMs - atMs < limits.loopWindowMs);
  const { 'nfs-mounted': mountedMs, 'agent-hello': helloMs } = record.stagesMs;
  // Whoever does not hear its agent, as its fileserver, knows by this alone that it came up.
  const settledMs = mountedMs === undefined ? Number.POSITIVE_INFINITY : mountedMs + limits.settledMs;
  const isLoop = recent.length > limits.loopStarts && helloMs === undefined && nowMs < settledMs;
  const trouble =
    isLate && wait.trouble === 'serial-dir-miss'
      ? wait.trouble
      : isLoop
        ? 'boot-loop'
        : isLate
          ? wait.trouble
          : undefined;
  const loopEndsMs = isLoop ? Math.min(settledMs, (recent[0] ?? nowMs) + limits.loopWindowMs) : undefined;
  const dueMs = earliest(isLate ? undefined : wait?.untilMs, loopEndsMs);
  return { stage, trouble, dueMs };
}

interface Wait {
  readonly untilMs: number;
  /** What it means when the time is over. */
  readonly trouble: BootTrouble;
}

/** What a boot waits for. What was reached later makes up for what was never seen: lines are lost, and boards differ. */
function waitOf({ stagesMs, firstFileMs, missedMs, missedFirmware }: BootRecord, limits: BootLimits): Wait | undefined {
  const at = (stage: BootStage): number | undefined => stagesMs[stage];
  if (at('agent-hello') !== undefined || at('verified') !== undefined) return undefined;
  const mountedMs = at('nfs-mounted');
  if (mountedMs !== undefined) return { untilMs: mountedMs + limits.helloMs, trouble: 'no-agent-hello' };
  const kernelMs = at('kernel-served');
  const cmdlineMs = at('cmdline-served');
  if (kernelMs !== undefined && cmdlineMs !== undefined) {
    return { untilMs: Math.max(kernelMs, cmdlineMs) + limits.mountMs, trouble: 'no-nfs-mount' };
  }
  const begunMs = at('dhcp-seen') ?? firstFileMs;
  const hasFound = at('serial-dir-hit') !== undefined || kernelMs !== undefined || cmdlineMs !== undefined;
  if (missedMs !== undefined && !hasFound) {
    return { untilMs: missedFirmware ? missedMs : missedMs + limits.missMs, trouble: 'serial-dir-miss' };
  }
  if (begunMs !== undefined && (firstFileMs !== undefined || hasFound)) {
    return { untilMs: begunMs + limits.filesMs, trouble: 'tftp-stalled' };
  }
  if (begunMs !== undefined) return { untilMs: begunMs + limits.firstFileMs, trouble: 'no-tftp-after-dhcp' };
  const powerMs = at('power-on');
  return powerMs === undefined ? undefined : { untilMs: powerMs + limits.dhcpMs, trouble: 'no-dhcp' };
}

function earliest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
