import { describeRules } from '../testing/describe-rules.js';
import { log, moved, type RuleRows } from '../testing/rule-rows.js';
import { KERNEL_RULES } from './kernel-log.js';

const ROWS: RuleRows = {
  'an oops is an error for as long as the agent knows of it': {
    type: 'KernelOops',
    told: log({ 'kernel-oops': 1 }),
    want: 'error',
    says: 'the kernel met a bug and ended what it was doing; it should be rebooted',
  },
  'a log without an oops is fine': { type: 'KernelOops', told: log({}), want: 'fine' },
  'a stuck processor is an error': {
    type: 'ProcessorStuck',
    from: log({}),
    told: log({ lockup: 1 }),
    want: 'error',
  },
  'processors that run are fine': { type: 'ProcessorStuck', from: log({}), told: log({}), want: 'fine' },
  'a watchdog that nobody feeds is a warning': {
    type: 'WatchdogLeftRunning',
    from: log({}),
    told: log({ 'watchdog-left-running': 1 }),
    want: 'warning',
  },
  'a watchdog that is fed is fine': { type: 'WatchdogLeftRunning', from: log({}), told: log({}), want: 'fine' },
  'a blocked task is a warning': {
    type: 'TasksBlocked',
    from: log({}),
    told: log({ 'task-blocked': 1 }),
    want: 'warning',
    says: '1 line of the kernel’s log within 30 min: a program has waited for storage or the network for minutes',
  },
  'no blocked task is fine': { type: 'TasksBlocked', from: log({}), told: log({}), want: 'fine' },
  'over-current is a warning': {
    type: 'UsbOverCurrent',
    from: log({}),
    told: log({ 'usb-over-current': 1 }),
    want: 'warning',
  },
  'USB within its current is fine': { type: 'UsbOverCurrent', from: log({}), told: log({}), want: 'fine' },
  'lines that nobody read are worth knowing': {
    type: 'KernelLogLost',
    ...moved('', 'kernel_log_dropped_count', 0, 40),
    want: 'info',
    says: '40 lines of the kernel’s log overwritten unread within 1 h',
  },
  'a log that was read is fine': {
    type: 'KernelLogLost',
    ...moved('', 'kernel_log_dropped_count', 40, 40),
    want: 'fine',
  },
};

describeRules(KERNEL_RULES, ROWS);
