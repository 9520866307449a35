import type { Collector } from '../../kit/collect/collector.js';
import type { AgentProbe } from '../../kit/collect/probe.js';
import { makeDiskCollector } from '../../kit/collectors/disk.js';
import { hostCollectors } from '../../kit/collectors/index.js';
import type { CollectorWishes } from '../../kit/program/agent-program.js';
import { makeBoardModelCollector } from './board-model.js';
import { makeBootReasonCollector } from './boot-reason.js';
import { makeCardCollector } from './card.js';
import { makeExt4Collector } from './ext4.js';
import { makeFrequencyCollector } from './frequency.js';
import { makeHardwareCollector } from './hardware.js';
import { makeKernelLogCollector } from './kernel-log.js';
import { makeNfsCollector } from './nfs.js';
import { makePackagesCollector } from './packages.js';
import { makePowerCollector } from './power.js';
import { makePressureCollector } from './pressure.js';
import { makeThermalCollector } from './thermal.js';
import { makeUpkeepCollector } from './upkeep.js';
import { makeWriteVerifyCollector } from './write-verify.js';

export interface PiCollectorOptions extends CollectorWishes {
  /** argv of the program that looks at the hardware; absent = nobody looks. */
  readonly inventory?: readonly [string, ...string[]];
}

/** What a Pi has to say: one line per collector. */
export function piCollectors(
  probe: AgentProbe,
  { otherRoot, inventory, verifyWrites }: PiCollectorOptions = {},
): readonly Collector[] {
  return [
    ...hostCollectors(probe, otherRoot),
    makeBoardModelCollector(),
    makeBootReasonCollector(),
    makePowerCollector(),
    makeThermalCollector(),
    makeFrequencyCollector(),
    makePressureCollector(),
    makeCardCollector(),
    makeDiskCollector(),
    makeExt4Collector(),
    makeNfsCollector(),
    makeKernelLogCollector((match) => {
      probe.kernelLogMatched(match);
    }),
    makeUpkeepCollector(),
    ...(verifyWrites === undefined ? [] : [makeWriteVerifyCollector({ ...verifyWrites, bootId: probe.bootId })]),
    // Programs describe the system that they run on, never another root.
    ...(otherRoot === undefined ? [makePackagesCollector()] : []),
    ...(otherRoot === undefined && inventory !== undefined ? [makeHardwareCollector(inventory)] : []),
  ];
}
