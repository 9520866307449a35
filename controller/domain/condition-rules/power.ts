import type { ConditionRule } from '../condition-rule.js';
import { countWithin, HOUR_MS, MINUTE_MS } from './words.js';

const SUPPLY_REMEDY =
  'Use the board’s own power supply (5.1 V, 2.5 A for a Pi 3, 3 A for a Pi 4, 5 A for a Pi 5) and a short, thick cable; on PoE check ' +
  'the port’s budget; take USB devices off or give them power of their own.';
const SLOWED_BY = ['Undervoltage', 'TemperatureCritical', 'TemperatureHigh', 'UndervoltageRecently'] as const;

/**
 * The supply, and what the firmware does about it: below about 4.63 V it slows the processor down. Source: raspberrypi.com
 * documentation, "Power supply warnings" and "vcgencmd", get_throttled.
 */
export const POWER_RULES: readonly ConditionRule[] = [
  {
    type: 'Undervoltage',
    scope: 'instance',
    // The alarm stands for 2 s after a dip, and the log's rule until the kernel says that the voltage is right again.
    measure: { kind: 'signs', flags: ['power_undervoltage_flag', 'power_alarm_flag'], log: ['undervoltage'] },
    when: 'at-least',
    levels: [{ severity: 'error', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'The supply voltage is too low: the board slows down, and cards, USB and network fail in strange ways.',
    remedy: SUPPLY_REMEDY,
    message: ({ measured }) =>
      measured === 0 ? 'the supply voltage is right' : 'the supply voltage is too low (below about 4.63 V) now',
    dependsOn: [],
  },
  {
    type: 'UndervoltageRecently',
    scope: 'instance',
    // Dips are shorter than the time between two reports: the kernel logs the end of each.
    measure: { kind: 'log-lines', log: ['voltage-normal'], withinMs: HOUR_MS },
    when: 'at-least',
    levels: [
      // Ten an hour are no single plugging in of a device: chosen because a board then runs slowed for much of the time.
      { severity: 'error', at: 10, clearAt: 5 },
      { severity: 'warning', at: 1, clearAt: 1 },
    ],
    forMs: 0,
    title: 'The supply voltage drops too low now and then.',
    remedy: SUPPLY_REMEDY,
    message: ({ measured }) => `the supply voltage was too low: ${countWithin(measured, 'dip', HOUR_MS)}`,
    dependsOn: ['Undervoltage'],
  },
  {
    type: 'UndervoltageEarlier',
    scope: 'instance',
    measure: { kind: 'signs', flags: ['power_undervoltage_since_boot_flag'], log: [] },
    when: 'at-least',
    levels: [{ severity: 'info', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'The supply voltage was too low at some time in this boot.',
    remedy: `When it comes again: ${SUPPLY_REMEDY}`,
    message: ({ measured }) =>
      measured === 0
        ? 'no low voltage was seen in this boot'
        : 'the supply voltage was too low at some time in this boot',
    dependsOn: ['Undervoltage', 'UndervoltageRecently'],
  },
  {
    type: 'Throttled',
    scope: 'instance',
    measure: { kind: 'signs', flags: ['power_throttled_flag'], log: [] },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: MINUTE_MS,
    title: 'The firmware slows the processor down, because of heat or of low voltage.',
    remedy: 'Cool the board (heat sink, fan, air around it) and check its power supply.',
    message: ({ measured }) =>
      measured === 0 ? 'the processor may run at full speed' : 'the firmware throttles the processor',
    dependsOn: SLOWED_BY,
  },
  {
    type: 'FrequencyCapped',
    scope: 'instance',
    measure: { kind: 'signs', flags: ['power_frequency_capped_flag'], log: [] },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: MINUTE_MS,
    title: 'The firmware limits the frequency of the processor, because of heat or of low voltage.',
    remedy: 'Check the power supply first, then cool the board.',
    message: ({ measured }) =>
      measured === 0 ? 'the frequency is not limited' : 'the firmware limits the frequency of the processor',
    dependsOn: [...SLOWED_BY, 'Throttled'],
  },
  {
    type: 'SoftTemperatureLimit',
    scope: 'instance',
    // By design on a Pi 3A+ and 3B+: 1400 MHz become 1200 MHz at temp_soft_limit, 60 °C unless config.txt says otherwise.
    // Source: raspberrypi.com documentation, config.txt, "Overclocking options".
    measure: { kind: 'signs', flags: ['power_soft_temperature_limit_flag'], log: [] },
    when: 'at-least',
    levels: [{ severity: 'info', at: 1, clearAt: 1 }],
    forMs: 5 * MINUTE_MS,
    title: 'The board is warm enough that its firmware runs it a little slower.',
    remedy: 'A heat sink gives the speed back; nothing is in danger.',
    message: ({ measured }) =>
      measured === 0 ? 'below the soft limit of temperature' : 'above the soft limit of temperature: a little slower',
    dependsOn: SLOWED_BY,
  },
  {
    type: 'SlowedEarlier',
    scope: 'instance',
    measure: {
      kind: 'signs',
      flags: ['power_throttled_since_boot_flag', 'power_frequency_capped_since_boot_flag'],
      log: [],
    },
    when: 'at-least',
    levels: [{ severity: 'info', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'The firmware slowed the processor down at some time in this boot.',
    remedy: 'See in the history of its temperature whether it was hot; else look at the power supply.',
    message: ({ measured }) =>
      measured === 0
        ? 'it was not slowed down in this boot'
        : 'the firmware slowed the processor down at some time in this boot',
    dependsOn: [...SLOWED_BY, 'Throttled', 'FrequencyCapped', 'UndervoltageEarlier'],
  },
];
