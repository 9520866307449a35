import { expect, test } from 'vitest';
import type { FactView } from '../../proto/contract/api/fleet.js';
import { describeSwitch, portRows } from './ports-view.js';

const MAC = 'dc:a6:32:00:00:01';
const BOARDS = [{ mac: MAC, nodeName: 'node-a' }];

/** A switch with one port for a Pi. */
function portWith(change: Readonly<Record<string, number | string>>) {
  const all = {
    port_admin_flag: 1,
    port_role_text: 'pi: node-a',
    port_macs_count: 1,
    port_macs_text: `11/${MAC}`,
    ...change,
  };
  const facts = Object.entries(all).map(([fact, value]): FactView => ({ fact, instance: 'swp1', value }));
  return { name: 'sw-1', state: 'ready' as const, facts };
}
const shown = (change: Readonly<Record<string, number | string>>) => portRows(portWith(change), BOARDS)[0];

test('a port shows the board that was learned on it', () => {
  expect(shown({ network_operational_state: 1, port_vlans_text: '11u 131' })).toMatchObject({
    node: 'sw-1',
    port: 'swp1',
    link: 'up',
    board: 'node-a',
    vlans: '11u 131',
    mismatch: '',
  });
});

test.for<[string, Readonly<Record<string, number | string>>, string]>([
  ['another board than planned', { port_role_text: 'pi: node-b' }, 'planned for node-b'],
  ['a board that nobody has', { port_macs_text: '11/dc:a6:32:00:00:99' }, 'a board that no node of the fleet has'],
  ['two addresses on the port of one board', { port_macs_count: 2 }, '2 addresses on the port of one board'],
  ['an empty port', { port_macs_count: 0, port_macs_text: '' }, ''],
  ['a port that is no Pi’s', { port_role_text: 'uplink', port_macs_count: 40 }, ''],
])('%s', ([, change, want]) => {
  expect(shown(change)?.mismatch).toBe(want);
});

test('without a fileserver that knows boards nothing is called wrong', () => {
  expect(portRows(portWith({ port_role_text: 'pi: node-b' }), [])[0]?.mismatch).toBe('');
});

test('a switch that is frozen says so', () => {
  const view = portWith({});
  const facts = [...view.facts, { fact: 'switch_change_state', instance: '', value: 5 }];
  expect(describeSwitch({ ...view, facts })).toMatchObject({ change: 'frozen', ports: 1, portsUp: 0 });
});
