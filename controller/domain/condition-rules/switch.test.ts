import { describeRules } from '../testing/describe-rules.js';
import { on, type RuleRows } from '../testing/rule-rows.js';
import { SWITCH_RULES } from './switch.js';

const ROWS: RuleRows = {
  'a switch that is frozen is an error': {
    type: 'SwitchFrozen',
    told: on('', 'switch_change_state', 5),
    want: 'error',
    says: 'a change could not be taken back for certain; the switch is frozen',
  },
  'a change on trial is fine': { type: 'SwitchFrozen', told: on('', 'switch_change_state', 2), want: 'fine' },
  'ports that somebody changed by hand are a warning': {
    type: 'SwitchDrift',
    told: on('', 'switch_drift_count', 1),
    want: 'warning',
    says: '1 interface is otherwise than its file says',
  },
  'ports as the file says are fine': { type: 'SwitchDrift', told: on('', 'switch_drift_count', 0), want: 'fine' },
};

describeRules(SWITCH_RULES, ROWS);
