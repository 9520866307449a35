import type { ConditionRule } from '../condition-rule.js';
import { MINUTE_MS, ON_A_PI, renderDegrees, where } from './words.js';

const COOL = 'Look whether its fan turns and air can reach it; add a heat sink or a fan, or give it less to do.';

export const THERMAL_RULES: readonly ConditionRule[] = [
  {
    type: 'TemperatureCritical',
    scope: 'instance',
    // At the critical trip point the kernel shuts the machine down. Source: Linux Documentation/driver-api/thermal/sysfs-api.rst.
    // 5 degrees are chosen because a processor under full load gains them within some seconds once its fan stops.
    measure: {
      kind: 'difference',
      fact: 'temperature_critical_millidegrees',
      minus: 'temperature_millidegrees',
    },
    when: 'below',
    levels: [{ severity: 'error', at: 5_000, clearAt: 10_000 }],
    forMs: 0,
    title: 'It is so hot that the kernel is about to switch the machine off.',
    remedy: COOL,
    message: (finding) => {
      const { facts, instance } = finding;
      const now = facts.number('temperature_millidegrees', instance) ?? 0;
      const limit = facts.number('temperature_critical_millidegrees', instance) ?? 0;
      return `${where(finding)} has ${renderDegrees(now)}; at ${renderDegrees(limit)} the kernel switches it off`;
    },
    dependsOn: [],
  },
  {
    type: 'TemperatureHigh',
    scope: 'instance',
    measure: { kind: 'value', fact: 'temperature_millidegrees' },
    when: 'at-least',
    // From 80 °C on the firmware slows the processor, from 85 °C on the graphics unit too. Source: raspberrypi.com
    // documentation, "Frequency management and thermal control".
    levels: [
      { severity: 'error', at: 85_000, clearAt: 82_000 },
      { severity: 'warning', at: 80_000, clearAt: 75_000 },
    ],
    forMs: 2 * MINUTE_MS,
    onlyWhere: ON_A_PI,
    title: 'The board is so hot that its firmware slows it down.',
    remedy: COOL,
    message: (finding) => `${where(finding)} has ${renderDegrees(finding.measured)}`,
    dependsOn: ['TemperatureCritical'],
  },
];
