/** A switch whose ports are not as they should be. Sources: ifupdown2 3.0.0, ifquery(8); the agent's own record of changes. */

import { SWITCH_CHANGE_STATES } from '../../../proto/contract/facts.js';
import { renderCount } from '../../../proto/contract/words.js';
import type { ConditionRule } from '../condition-rule.js';
import { MINUTE_MS } from './words.js';

export const SWITCH_RULES: readonly ConditionRule[] = [
  {
    type: 'SwitchFrozen',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'switch_change_state', values: [SWITCH_CHANGE_STATES.frozen] },
    when: 'at-least',
    levels: [{ severity: 'error', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'A change of a switch could not be taken back for certain: nothing is changed there any more.',
    remedy:
      'Look at its ports (`bramble switch ports NODE`, on the switch `ifquery -a -c`), then try once more: `bramble switch rollback NODE CHANGE`.',
    message: ({ measured }) =>
      measured === 0 ? 'no change is stuck' : 'a change could not be taken back for certain; the switch is frozen',
    dependsOn: [],
  },
  {
    type: 'SwitchDrift',
    scope: 'instance',
    measure: { kind: 'value', fact: 'switch_drift_count' },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: 3 * MINUTE_MS,
    title: 'Ports of a switch are otherwise than its own file says: somebody changed them by hand.',
    remedy:
      'See which (`bramble describe node NODE`, `switch_drift_text`). Keep the change by putting it into the plan, or load the file again: `ifreload -a` on the switch.',
    message: ({ measured }) =>
      measured === 0
        ? 'its ports are as its file says'
        : `${renderCount(measured, 'interface')} ${measured === 1 ? 'is' : 'are'} otherwise than its file says`,
    dependsOn: ['SwitchFrozen'],
  },
];
