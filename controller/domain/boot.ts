/** A board's boot, joined from what its fileserver saw and what the agent on the board itself says. */

import type { NodeBootView } from '../../proto/contract/api/boot.js';
import { judgeBoot } from '../../proto/contract/boot/judge.js';
import { type BoardSight, type BootRecord, stageSteps } from '../../proto/contract/boot/record.js';
import { BOOT_LIMITS, type BootTrouble } from '../../proto/contract/boot/stage.js';
import { STAGE_WORDS, TROUBLE_WORDS } from '../../proto/contract/boot/words.js';
import { renderDuration } from '../../proto/contract/words.js';
import type { Board } from './node.js';

/** What the board's own agent says; times by the controller's wall clock. */
export interface OwnWord {
  /** When its power was last cut or its system asked to restart, as far as somebody said so. */
  readonly powerOnMs: number | undefined;
  /** When its kernel started. */
  readonly bootedAtMs: number | undefined;
  /** First hello of that boot. */
  readonly helloMs: number | undefined;
  /** First report of that boot in which nothing was wrong. */
  readonly verifiedMs: number | undefined;
}

/** Clocks are joined to the second, and a kernel starts after its board asked for an address. */
const SLACK_MS = 5_000;
/** A board that was given power asks for an address within this, or that boot was never seen. */
const ASKS_WITHIN_MS = 180_000;
/** A switch looks for so long whether a port gives power before it says so: the board may have asked meanwhile. */
const TOLD_WITHIN_MS = 10_000;

/** True when the board is the node's own. Boards name themselves by the end of the serial number that Linux shows in full. */
export function isBoardOf({ mac, serial }: Pick<BoardSight, 'mac' | 'serial'>, board: Board): boolean {
  if (mac !== '' && board.macAddresses.includes(mac)) return true;
  return serial.length >= 8 && !serial.includes('-') && board.serial.toLowerCase().endsWith(serial);
}

/** A record of a fileserver by the controller's wall clock. */
export function atWallClock(record: BootRecord, bootedAtMs: number): BootRecord {
  const at = (ms: number): number => Math.round(ms + bootedAtMs);
  const maybe = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : at(ms));
  return {
    ...record,
    startedMs: at(record.startedMs),
    stagesMs: Object.fromEntries(Object.entries(record.stagesMs).map(([stage, ms]) => [stage, at(ms)])),
    firstFileMs: maybe(record.firstFileMs),
    missedMs: maybe(record.missedMs),
    startsMs: record.startsMs.map(at),
    seenMs: at(record.seenMs),
  };
}

/** The record with what the agent on the board says of this very boot. */
export function joinOwnWord(record: BootRecord, own: OwnWord): BootRecord {
  const { powerOnMs } = own;
  if (powerOnMs === undefined) return joinAgent(record, own, record.startedMs);
  const waitedMs = record.startedMs - powerOnMs;
  if (waitedMs >= -TOLD_WITHIN_MS && waitedMs <= ASKS_WITHIN_MS) {
    return joinAgent(withPowerOn(record, powerOnMs), own, record.startedMs);
  }
  if (powerOnMs > Math.max(record.seenMs, own.bootedAtMs ?? 0)) {
    // It went down after all that was seen: what is waited for is its first request.
    return {
      ...record,
      startedMs: powerOnMs,
      stagesMs: { 'power-on': powerOnMs },
      firstFileMs: undefined,
      missedMs: undefined,
    };
  }
  return joinAgent(record, own, record.startedMs);
}

/** A board cannot have asked before it had power. */
function withPowerOn(record: BootRecord, powerOnMs: number): BootRecord {
  const startedMs = Math.min(powerOnMs, record.startedMs);
  return { ...record, startedMs, stagesMs: { 'power-on': startedMs, ...record.stagesMs } };
}

/** Whoever says hello for the first time after a board asked for its address runs what that board loaded then. */
function joinAgent(record: BootRecord, own: OwnWord, askedMs: number): BootRecord {
  const { bootedAtMs, helloMs, verifiedMs } = own;
  const isThisBoot =
    (bootedAtMs !== undefined && bootedAtMs >= askedMs - SLACK_MS) || (helloMs !== undefined && helloMs > askedMs);
  if (!isThisBoot) return record;
  return {
    ...record,
    stagesMs: {
      ...record.stagesMs,
      ...(helloMs !== undefined && { 'agent-hello': helloMs }),
      ...(verifiedMs !== undefined && { verified: verifiedMs }),
    },
  };
}

/** How a boot stands, in words. The board itself is the caller's to add. */
export function bootView(
  record: BootRecord,
  nowMs: number,
): Omit<NodeBootView, 'board'> & { readonly trouble?: BootTrouble } {
  const { stage, trouble } = judgeBoot(record, nowMs, BOOT_LIMITS);
  const steps = stageSteps(record).map((step) => ({ ...step, words: STAGE_WORDS[step.stage] }));
  const took = renderDuration(Math.max(0, (steps.at(-1)?.atMs ?? record.startedMs) - record.startedMs));
  if (trouble !== undefined) {
    const { what, remedy } = TROUBLE_WORDS[trouble];
    return { state: 'hangs', words: `It hangs: ${what}. ${remedy}`, steps, trouble };
  }
  if (stage === 'verified' || stage === 'agent-hello') {
    return { state: 'up', words: `It is up: ${STAGE_WORDS[stage]}, ${took} after its start.`, steps };
  }
  const last = stage === undefined ? 'it starts' : STAGE_WORDS[stage];
  return {
    state: 'booting',
    words: `It boots: ${last}, ${renderDuration(nowMs - record.startedMs)} since its start.`,
    steps,
  };
}
