import { BOOT_STAGES, type BootStage } from './stage.js';

/** Who a board is, as far as its own requests tell. All of it comes from the board: nothing of it proves anything. */
export interface BoardSight {
  /** Lower-case hex with colons; empty when only an address was seen. */
  readonly mac: string;
  /** Name of its directory, in lower case: the last 8 hex digits of its serial number, seldom 16 or its MAC address; empty = none. */
  readonly serial: string;
  /** IPv4 address that it was given; empty when none was seen. */
  readonly address: string;
  /** Interface of the fileserver where it asked, such as "eth0.10": its VLAN. */
  readonly interfaceName: string;
}

/** One boot of one board. Times are milliseconds on one monotonic clock. */
export interface BootRecord extends BoardSight {
  /** When this boot was first seen. */
  readonly startedMs: number;
  readonly stagesMs: Readonly<Partial<Record<BootStage, number>>>;
  /** When it first asked for a file, found or not; `undefined` = it did not. */
  readonly firstFileMs: number | undefined;
  /** When it was first told that its own directory lacks a file; `undefined` = it was not. */
  readonly missedMs: number | undefined;
  /** True: a file without which nothing goes on was missing, so that nobody needs to wait for more. */
  readonly missedFirmware: boolean;
  /** Starts of the last while, this one included, oldest first; forgotten once the agent said hello. */
  readonly startsMs: readonly number[];
  /** When it was heard last. */
  readonly seenMs: number;
}

/** Starts that are remembered. */
export const STARTS_MAX = 8;

/** What names a board to people and to facts: its serial number, else its MAC address, else its address. */
export const boardKey = ({ serial, mac, address }: BoardSight): string => serial || mac || address;

/** The furthest stage, and when it was reached; `undefined` before the first. */
export function furthestStage({
  stagesMs,
}: Pick<BootRecord, 'stagesMs'>): { readonly stage: BootStage; readonly atMs: number } | undefined {
  for (const stage of BOOT_STAGES.toReversed()) {
    const atMs = stagesMs[stage];
    if (atMs !== undefined) return { stage, atMs };
  }
  return undefined;
}

/** Stages that were reached with the milliseconds since the one before, in the order in which they came. */
export function stageSteps({ stagesMs }: Pick<BootRecord, 'stagesMs'>): readonly {
  readonly stage: BootStage;
  readonly atMs: number;
  readonly tookMs: number;
}[] {
  const reached = BOOT_STAGES.flatMap((stage) => {
    const atMs = stagesMs[stage];
    return atMs === undefined ? [] : [{ stage, atMs }];
  }).toSorted((a, b) => a.atMs - b.atMs);
  return reached.map((each, index) => ({ ...each, tookMs: each.atMs - (reached[index - 1]?.atMs ?? each.atMs) }));
}
