import { budgetOf, classMilliwatts } from '../../proto/contract/switch/power.js';

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
  const { spare: left } = budgetOf(supplies);
  const others = [...allocated].reduce((sum, [name, each]) => (name === port ? sum : sum + each), 0);
  const wanted = others + (allocated.get(port) ?? classMilliwatts(undefined));
  if (wanted <= left) return undefined;
  const watts = (value: number): string => `${Math.round(value / 1_000)} W`;
  return `${watts(wanted)} would be allocated; ${watts(left)} remain when a supply fails`;
}
