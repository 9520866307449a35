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
  'a supply that gives no power is an error': {
    type: 'PsuLost',
    told: { ...on('PSU2', 'psu_lost_flag', 1), ...on('PSU2', 'psu_present_flag', 1) },
    want: 'error',
    says: 'supply PSU2 gives no power',
  },
  'a supply that gives power is fine': { type: 'PsuLost', told: on('PSU1', 'psu_lost_flag', 0), want: 'fine' },
  'a port that is refused power is an error': {
    type: 'PoeShed',
    told: on('swp48', 'poe_shed_flag', 1),
    want: 'error',
    says: 'port swp48 is refused power: the switch is short of it',
  },
  'a port with power is fine': { type: 'PoeShed', told: on('swp1', 'poe_shed_flag', 0), want: 'fine' },
  'more allocated than one supply less could give is a warning, with those who would lose theirs first': {
    type: 'PoeBudgetTight',
    told: {
      ...on('', 'poe_allocated_total_watts_milli', 46_200),
      ...on('', 'poe_spare_budget_watts_milli', 31_000),
      poe_allocated_watts_milli: { swp1: 15_400, swp2: 15_400, swp10: 15_400 },
    },
    want: 'warning',
    says: '46 W are allocated, 31 W remain when a supply fails; swp10 would lose theirs first',
  },
  'as much as one supply less gives is fine': {
    type: 'PoeBudgetTight',
    told: { ...on('', 'poe_allocated_total_watts_milli', 31_000), ...on('', 'poe_spare_budget_watts_milli', 31_000) },
    want: 'fine',
  },
  'power that was asked for otherwise is a warning': {
    type: 'PowerDrift',
    told: on('', 'power_drift_count', 1),
    want: 'warning',
  },
  'power as asked for is fine': { type: 'PowerDrift', told: on('', 'power_drift_count', 0), want: 'fine' },
  'a fan that stands is a warning': {
    type: 'SensorAlarm',
    told: on('lm75 fan1', 'sensor_alarm_flag', 1),
    want: 'warning',
  },
  'a fan that turns is fine': { type: 'SensorAlarm', told: on('lm75 fan1', 'sensor_alarm_flag', 0), want: 'fine' },
  'another board is a warning': {
    type: 'PortWrongBoard',
    told: on('swp1', 'port_wrong_board_flag', 1),
    want: 'warning',
  },
  'the board of the plan is fine': {
    type: 'PortWrongBoard',
    told: on('swp1', 'port_wrong_board_flag', 0),
    want: 'fine',
  },
  'a foreign address is a warning': {
    type: 'PortForeignAddress',
    told: on('swp1', 'port_foreign_flag', 1),
    want: 'warning',
  },
  'no foreign address is fine': { type: 'PortForeignAddress', told: on('swp1', 'port_foreign_flag', 0), want: 'fine' },
};

describeRules(SWITCH_RULES, ROWS);
