/** Units of the service manager that do not run. Told only of those that the node's own configuration names. */

import { UNIT_STATES } from '../../../proto/contract/facts.js';
import type { ConditionRule } from '../condition-rule.js';
import { SECOND_MS, where } from './words.js';

export const UNIT_RULES: readonly ConditionRule[] = [
  {
    type: 'UnitFailed',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'unit_state', values: [UNIT_STATES.failed] },
    when: 'at-least',
    levels: [{ severity: 'error', at: 1, clearAt: 1 }],
    // A unit with Restart= is "activating" until its manager gives it up (systemd.service(5)): failed is what stays so.
    forMs: 30 * SECOND_MS,
    title: 'A unit failed, and its service manager does not start it again.',
    remedy:
      'See why (`journalctl -u UNIT`), then `bramble node restart-unit NODE UNIT`. Healing restarts it where a policy is in force.',
    message: (finding) => (finding.measured === 0 ? `${where(finding)} has not failed` : `${where(finding)} failed`),
    dependsOn: ['FilesystemReadOnly', 'NfsStalled', 'DiskSpaceLow'],
  },
];
