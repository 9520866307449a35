/** A switch whose ports are not as they should be. Sources: ifupdown2 3.0.0, ifquery(8); the agent's own record of changes. */

import { SWITCH_CHANGE_STATES } from '../../../proto/contract/facts.js';
import { type PoweredPort, shedOrder } from '../../../proto/contract/switch/power.js';
import { renderCount } from '../../../proto/contract/words.js';
import type { ConditionRule, FactsView, Finding } from '../condition-rule.js';
import { MINUTE_MS } from './words.js';

export const SWITCH_RULES: readonly ConditionRule[] = [
  {
    type: 'SwitchFrozen',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'switch_change_state', values: [SWITCH_CHANGE_STATES.frozen] },
    when: 'at-least',
    levels: [{ severity: 'error', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'A change of a switch could not be taken back for certain: nothing is changed there any more.',
    remedy:
      'Look at its ports (`bramble switch ports NODE`, on the switch `ifquery -a -c`), then try once more: `bramble switch rollback CHANGE`.',
    message: ({ measured }) =>
      measured === 0 ? 'no change is stuck' : 'a change could not be taken back for certain; the switch is frozen',
    dependsOn: [],
  },
  {
    type: 'SwitchDrift',
    scope: 'instance',
    measure: { kind: 'value', fact: 'switch_drift_count' },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: 3 * MINUTE_MS,
    title: 'Ports of a switch are otherwise than its own file says: somebody changed them by hand.',
    remedy:
      'See which (`bramble describe node NODE`, `switch_drift_text`). Keep the change by putting it into the plan, or load the file again: `ifreload -a` on the switch.',
    message: ({ measured }) =>
      measured === 0
        ? 'its ports are as its file says'
        : `${renderCount(measured, 'interface')} ${measured === 1 ? 'is' : 'are'} otherwise than its file says`,
    dependsOn: ['SwitchFrozen'],
  },
  {
    type: 'PsuLost',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'psu_lost_flag', values: [1] },
    when: 'at-least',
    levels: [{ severity: 'error', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'A power supply of a switch gives no power: the others carry everything, and nothing stands behind them.',
    remedy:
      'Look at the supply and its cable. Until it is back no further port should be given power; those that lose theirs first are the highest-numbered of the lowest priority.',
    message: (finding) => {
      if (finding.measured === 0) return `supply ${finding.instance} gives power`;
      const isPresent = finding.facts.number('psu_present_flag', finding.instance) !== 0;
      return `supply ${finding.instance} ${isPresent ? 'gives no power' : 'is not in its bay'}`;
    },
    dependsOn: [],
  },
  {
    type: 'PoeShed',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'poe_shed_flag', values: [1] },
    when: 'at-least',
    levels: [{ severity: 'error', at: 1, clearAt: 1 }],
    forMs: 0,
    title: 'A switch gives a port no power because what its supplies give is spent.',
    remedy:
      'Bring the lost supply back, or free power: switch off ports that nobody needs (`bramble power off SWITCH PORT`), or move boards to another switch.',
    message: (finding) =>
      finding.measured === 0
        ? `port ${finding.instance} is not refused power`
        : `port ${finding.instance} is refused power: the switch is short of it`,
    dependsOn: ['PsuLost'],
  },
  {
    type: 'PoeBudgetTight',
    scope: 'instance',
    // What is allocated counts, not what is drawn: the hardware sheds by it.
    measure: { kind: 'difference', fact: 'poe_allocated_total_watts_milli', minus: 'poe_spare_budget_watts_milli' },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: 5 * MINUTE_MS,
    title: 'More power is allocated to ports than would remain if the largest supply of the switch failed.',
    remedy:
      'Move boards to another switch, or add a supply: when one fails, ports lose their power without being asked.',
    message: ({ facts }) => {
      const spare = facts.number('poe_spare_budget_watts_milli', '') ?? 0;
      const allocated = facts.number('poe_allocated_total_watts_milli', '') ?? 0;
      const first = shedOrder(poweredPorts(facts), spare);
      const who = first.length === 0 ? '' : `; ${first.slice(0, 3).join(', ')} would lose theirs first`;
      return `${watts(allocated)} are allocated, ${watts(spare)} remain when a supply fails${who}`;
    },
    dependsOn: ['PsuLost'],
  },
  {
    type: 'PowerDrift',
    scope: 'instance',
    measure: { kind: 'value', fact: 'power_drift_count' },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: 3 * MINUTE_MS,
    title:
      'The power of a port is otherwise than was asked for: somebody switched it by hand, or the hardware does not do it.',
    remedy:
      'See which (`bramble describe node NODE`, `power_drift_text`). It is left as it is; `bramble power on | off` says anew what is wanted.',
    message: ({ measured, facts }) =>
      measured === 0
        ? 'the power of all ports is as was asked for'
        : `the power of ${renderCount(measured, 'port')} is otherwise than asked for: ${facts.text('power_drift_text', '') ?? ''}`,
    dependsOn: ['PoeShed', 'PsuLost'],
  },
  {
    type: 'SensorAlarm',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'sensor_alarm_flag', values: [1] },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: MINUTE_MS,
    title: 'A sensor of a switch says that something is wrong: a fan that stands, or a place that is too hot.',
    remedy: 'Look at its fans and at the air around it; a switch that is too hot switches itself off.',
    message: (finding) =>
      finding.measured === 0 ? `${finding.instance} gives no alarm` : `${finding.instance} gives an alarm`,
    dependsOn: [],
  },
  {
    type: 'PortWrongBoard',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'port_wrong_board_flag', values: [1] },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: MINUTE_MS,
    title: 'A board is on the port that is planned for another one: it gets the storage VLAN of that other one.',
    remedy: 'Plug the cable where it belongs, or change the plan (`bramble get ports --mismatches` lists all of them).',
    message: (finding) => mismatchWords(finding, 'has the board that it is planned for'),
    dependsOn: [],
  },
  {
    type: 'PortForeignAddress',
    scope: 'instance',
    measure: { kind: 'is-one-of', fact: 'port_foreign_flag', values: [1] },
    when: 'at-least',
    levels: [{ severity: 'warning', at: 1, clearAt: 1 }],
    forMs: MINUTE_MS,
    title: 'An address that is not the board’s was seen on the port, or in the storage VLAN, of a board.',
    remedy:
      'Find out what is plugged in there. Anybody can pretend an address: this finds mistakes and the careless, and what is in a VLAN reaches one root and no other.',
    message: (finding) => mismatchWords(finding, 'has no address of somebody else'),
    dependsOn: ['PortWrongBoard'],
  },
];

function mismatchWords({ measured, instance, facts }: Finding, fine: string): string {
  if (measured === 0) return `port ${instance} ${fine}`;
  return `port ${instance}: ${facts.text('port_mismatch_text', instance) ?? 'otherwise than planned'}`;
}

function poweredPorts(facts: FactsView): readonly PoweredPort[] {
  return facts.instances('poe_allocated_watts_milli').map((port) => ({
    port,
    priority: facts.number('poe_priority_state', port),
    allocatedMilliwatts: facts.number('poe_allocated_watts_milli', port) ?? 0,
  }));
}

const watts = (milliwatts: number): string => `${Math.round(milliwatts / 1_000)} W`;
