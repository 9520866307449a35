/** Facts for tests of rules. */

import type { FactName } from '../../../proto/contract/facts.js';
import type { FactsView } from '../condition-rule.js';

/** Values by fact and instance. */
export type Told = Partial<Record<FactName, Readonly<Record<string, number | string>>>>;

export function viewOf(told: Told, bootsAtMs: readonly number[] = []): FactsView {
  return {
    bootsAtMs,
    number: (fact, instance) => {
      const value = told[fact]?.[instance];
      return typeof value === 'number' ? value : undefined;
    },
    text: (fact, instance) => {
      const value = told[fact]?.[instance];
      return typeof value === 'string' ? value : undefined;
    },
    instances: (fact) => Object.keys(told[fact] ?? {}),
  };
}
