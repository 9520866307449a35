import { describeRules } from '../testing/describe-rules.js';
import { moved, node, type RuleRows } from '../testing/rule-rows.js';
import { CLOCK_RULES } from './clock.js';

const ROWS: RuleRows = {
  'a minute behind the controller is an error': {
    type: 'ClockOffset',
    told: node('clock_controller_offset_ms', -60_000),
    want: 'error',
    says: 'its clock is 1 min behind the controller’s',
  },
  'two seconds ahead of the controller are a warning': {
    type: 'ClockOffset',
    told: node('clock_controller_offset_ms', 2_000),
    want: 'warning',
  },
  'less than two seconds are fine': {
    type: 'ClockOffset',
    told: node('clock_controller_offset_ms', 1_999),
    want: 'fine',
  },
  'a clock that nobody holds is a warning': {
    type: 'ClockUnsynchronised',
    told: node('clock_synchronised_flag', 0),
    want: 'warning',
  },
  'a clock that is held is fine': {
    type: 'ClockUnsynchronised',
    told: node('clock_synchronised_flag', 1),
    want: 'fine',
  },
  'a clock behind its floor is a warning': {
    type: 'ClockUntrusted',
    told: node('clock_untrusted_flag', 1),
    want: 'warning',
  },
  'a clock past its floor is fine': { type: 'ClockUntrusted', told: node('clock_untrusted_flag', 0), want: 'fine' },
  'a clock off by 128 ms is a warning': {
    type: 'ClockDrifting',
    told: node('clock_offset_us', -128_000),
    want: 'warning',
    says: 'the time service says that the clock is off by 128.0 ms',
  },
  'a clock off by less is fine': { type: 'ClockDrifting', told: node('clock_offset_us', 127_999), want: 'fine' },
  'three steps of the clock are a warning': {
    type: 'ClockStepping',
    ...moved('', 'clock_steps_count', 0, 3),
    want: 'warning',
  },
  'two steps of the clock are fine': {
    type: 'ClockStepping',
    ...moved('', 'clock_steps_count', 0, 2),
    want: 'fine',
  },
  'a boot in the past is worth knowing, with its reason': {
    type: 'ClockBootedInPast',
    told: { ...node('clock_booted_in_past_flag', 1), ...node('clock_rtc_present_flag', 0) },
    want: 'info',
    says: 'this boot began with a clock in the past: it has no real-time clock',
  },
  'a boot in the present is fine': {
    type: 'ClockBootedInPast',
    told: node('clock_booted_in_past_flag', 0),
    want: 'fine',
  },
  'a real-time clock off by a day is worth knowing': {
    type: 'RealTimeClockWrong',
    told: node('clock_rtc_offset_s', -86_400),
    want: 'info',
    says: 'the real-time clock and the clock differ by 1 d',
  },
  'a real-time clock in local time is fine': {
    type: 'RealTimeClockWrong',
    told: node('clock_rtc_offset_s', 43_200),
    want: 'fine',
  },
  'a leap second is worth knowing': {
    type: 'LeapSecondDue',
    told: node('clock_leap_state', 2),
    want: 'info',
    says: 'a second will be inserted at the end of this month (UTC)',
  },
  'no leap second is fine': { type: 'LeapSecondDue', told: node('clock_leap_state', 1), want: 'fine' },
};

describeRules(CLOCK_RULES, ROWS);
