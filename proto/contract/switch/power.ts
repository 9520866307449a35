/** Power that ports are allocated, and who loses it first. Pure. */

import { comparePortNames } from './plan.js';

/**
 * What a port is given when a device of this class asks, milliwatts at the switch. Class 0 may take as much as class 3.
 * Source: IEEE 802.3-2022, table 145-11 (PSE output power), clause 33 for classes 0 to 4.
 */
const CLASS_MILLIWATTS: readonly number[] = [15_400, 4_000, 7_000, 15_400, 30_000, 45_000, 60_000, 75_000, 90_000];
/** A port of unknown class is taken for one of PoE+. */
const UNKNOWN_MILLIWATTS = 30_000;

export function classMilliwatts(powerClass: number | undefined): number {
  return (powerClass === undefined ? undefined : CLASS_MILLIWATTS[powerClass]) ?? UNKNOWN_MILLIWATTS;
}

/** Milliwatts that supplies give together, and that remain when the largest of them fails. One alone has nobody beside it. */
export function budgetOf(supplies: readonly number[]): { readonly all: number; readonly spare: number } {
  const all = supplies.reduce((sum, each) => sum + each, 0);
  return { all, spare: supplies.length <= 1 ? all : all - Math.max(...supplies) };
}

/** As poectl and the kernel count priorities: the smaller is shed later. */
export const POWER_PRIORITIES = { critical: 1, high: 2, low: 3 } as const;

export interface PoweredPort {
  readonly port: string;
  /** One of POWER_PRIORITIES; unknown counts as low. */
  readonly priority: number | undefined;
  readonly allocatedMilliwatts: number;
}

/**
 * Ports that a switch with this budget gives no power, in the order in which it takes it away: the lowest priority first, and of equal
 * ones the highest-numbered. Source: Cumulus Linux user guide, Power over Ethernet, "About PoE".
 */
export function shedOrder(ports: readonly PoweredPort[], budgetMilliwatts: number): readonly string[] {
  let taken = ports.reduce((sum, { allocatedMilliwatts }) => sum + allocatedMilliwatts, 0);
  const rank = ({ priority }: PoweredPort): number => priority ?? POWER_PRIORITIES.low;
  const shed: string[] = [];
  for (const each of ports.toSorted((a, b) => rank(b) - rank(a) || comparePortNames(b.port, a.port))) {
    if (taken <= budgetMilliwatts) break;
    if (each.allocatedMilliwatts === 0) continue;
    taken -= each.allocatedMilliwatts;
    shed.push(each.port);
  }
  return shed;
}
