import { describeRules } from '../testing/describe-rules.js';
import { log, node, onAPi, type RuleRows } from '../testing/rule-rows.js';
import { BOOT_RULES } from './boot.js';

const DAY_MS = 86_400_000;

const ROWS: RuleRows = {
  'four boots within 15 min are a loop': { type: 'BootLoop', told: {}, boots: 4, want: 'error' },
  'three are not': { type: 'BootLoop', told: {}, boots: 3, want: 'fine' },
  'a panic is an error for a day': {
    type: 'BootedByPanic',
    told: { ...node('boot_reason_state', 4), ...node('boot_crash_text', 'Kernel panic - not syncing: VFS') },
    bootMs: DAY_MS - 1,
    want: 'error',
    says: 'the kernel panicked before the last start: Kernel panic - not syncing: VFS',
  },
  'a panic is over after a day': {
    type: 'BootedByPanic',
    told: node('boot_reason_state', 4),
    bootMs: DAY_MS,
    want: 'fine',
  },
  'a break-down of the supply is a warning for a day': {
    type: 'BootedByUndervoltage',
    told: node('boot_reason_state', 5),
    bootMs: 0,
    want: 'warning',
  },
  'an orderly restart is no break-down': {
    type: 'BootedByUndervoltage',
    told: node('boot_reason_state', 2),
    bootMs: 0,
    want: 'fine',
  },
  'a bite of the watchdog is a warning for a day': {
    type: 'BootedByWatchdog',
    told: node('boot_reason_state', 3),
    bootMs: 0,
    want: 'warning',
  },
  'power on is no bite': { type: 'BootedByWatchdog', told: node('boot_reason_state', 1), bootMs: 0, want: 'fine' },
  'a recovered journal is worth knowing': {
    type: 'UncleanShutdown',
    told: log({ 'journal-recovered': 1 }),
    bootMs: 0,
    want: 'info',
  },
  'a filesystem that was closed is fine': { type: 'UncleanShutdown', told: log({}), bootMs: 0, want: 'fine' },
  'a Pi without a watchdog is worth knowing': {
    type: 'WatchdogMissing',
    told: onAPi(node('board_watchdog_flag', 0)),
    want: 'info',
  },
  'a Pi with a watchdog is fine': {
    type: 'WatchdogMissing',
    told: onAPi(node('board_watchdog_flag', 1)),
    want: 'fine',
  },
  'a PC needs none': { type: 'WatchdogMissing', told: node('board_watchdog_flag', 0), want: 'nothing' },
};

describeRules(BOOT_RULES, ROWS);
