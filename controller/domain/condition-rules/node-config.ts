import { CONFIG_STATES } from '../../../proto/contract/facts.js';
import type { ConditionRule } from '../condition-rule.js';
import { DAY_MS } from './words.js';

/** Trouble with what nodes should be of their own configuration. */

const CONFIG_FAILED: ConditionRule = {
  type: 'ConfigFailed',
  scope: 'instance', // only nodes with a config tell
  measure: { kind: 'is-one-of', fact: 'config_state', values: [CONFIG_STATES.refused, CONFIG_STATES.undone] },
  when: 'at-least',
  levels: [{ severity: 'error', at: 1, clearAt: 1 }],
  forMs: 0,
  title: 'The newest config of the node is not in place; the one before it counts.',
  remedy:
    'Read why in the events of the node, mend what it names, and set the config anew: a revision is tried once ' +
    '(bramble node config diff, set or rollback).',
  message: ({ measured, facts }) => {
    if (measured === 0) return 'its newest config is in place';
    return facts.number('config_state', '') === CONFIG_STATES.undone
      ? 'its newest config was taken back: it could not be proven, or was cut off in the middle'
      : 'its newest config was refused; nothing has changed';
  },
  dependsOn: [],
};

const CONFIG_DRIFT: ConditionRule = {
  type: 'ConfigDrift',
  scope: 'instance', // only nodes with a config tell
  // One change by hand is put right within the hour; a second one is somebody who does not know, or a program.
  measure: { kind: 'increase', facts: ['config_drifts_count'], withinMs: DAY_MS },
  when: 'at-least',
  levels: [{ severity: 'warning', at: 2, clearAt: 1 }],
  forMs: 0,
  title: 'Something on the node keeps changing what its config says.',
  remedy: 'See in the events of the node what changes; make it part of the config, or find what writes it.',
  message: ({ measured }) => `its config was changed by others ${measured} times within 24 h, and put right each time`,
  dependsOn: [],
};

export const NODE_CONFIG_RULES: readonly ConditionRule[] = [CONFIG_FAILED, CONFIG_DRIFT];
