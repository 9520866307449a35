import { describeRules } from '../testing/describe-rules.js';
import { on, type RuleRows } from '../testing/rule-rows.js';
import { UNIT_RULES } from './units.js';

const ROWS: RuleRows = {
  'a unit that failed is an error': {
    type: 'UnitFailed',
    told: on('web.service', 'unit_state', 4),
    want: 'error',
    says: 'web.service failed',
  },
  'a unit that runs is fine': { type: 'UnitFailed', told: on('web.service', 'unit_state', 1), want: 'fine' },
  'a unit that runs once and has ended is fine': {
    type: 'UnitFailed',
    told: on('web.service', 'unit_state', 3),
    want: 'fine',
  },
};

describeRules(UNIT_RULES, ROWS);
