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

/**
 * Why a port must not come on: when the largest supply fails, the others could not carry what is allocated. A switch that is short
 * of power sheds the highest-numbered ports of equal priority, without asking anybody. `undefined` = it may, or nobody knows.
 * @param allocated milliwatts by port, as the hardware allocates (not as the boards draw at the moment)
 */
export function whyOverBudget(
  supplies: readonly number[],
  allocated: ReadonlyMap<string, number> | undefined,
  port: string,
): string | undefined {
  if (supplies.length === 0 || allocated === undefined) return undefined;
  const all = supplies.reduce((sum, each) => sum + each, 0);
  const left = supplies.length === 1 ? all : all - Math.max(...supplies);
  const others = [...allocated].reduce((sum, [name, each]) => (name === port ? sum : sum + each), 0);
  const wanted = others + (allocated.get(port) ?? classMilliwatts(undefined));
  if (wanted <= left) return undefined;
  const watts = (value: number): string => `${Math.round(value / 1_000)} W`;
  return `${watts(wanted)} would be allocated; ${watts(left)} remain when a supply fails`;
}
