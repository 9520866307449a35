/** What each vantage point says, in plain words: evidence as people want to read it. */

import type { ElementSigns, NodeSigns } from '../healing/evidence-table.js';
import type { NodeRecord } from '../topology/records.js';
import type { Side } from './incident.js';

const BOOT: Readonly<Record<NodeSigns['boot'], string>> = {
  none: 'no boot is under way',
  'under-way': 'it is booting',
  'no-dhcp': 'it has power and does not ask for an address',
  'no-tftp-after-dhcp': 'it asked for an address and then for nothing',
  'serial-dir-miss': 'its boot files are missing',
  'tftp-stalled': 'it stopped loading its boot files',
  'no-nfs-mount': 'its kernel does not mount its root',
  'no-agent-hello': 'its root is mounted, and its agent does not start',
  'boot-loop': 'it boots again and again',
  unobserved: 'boots were not seen',
};
const READS: Readonly<Record<NodeSigns['nfs'], string>> = {
  active: 'its root is read',
  idle: 'nobody reads its root',
  stalled: 'its root was asked for and not answered',
  unobserved: 'reads of its root were not seen',
};
const LINK: Readonly<Record<NodeSigns['link'], string>> = {
  up: 'its link is up',
  down: 'its link is down',
  flapping: 'its link comes and goes',
  unobserved: 'its link was not seen',
};
const POWER: Readonly<Record<NodeSigns['power'], string>> = {
  off: 'its port is switched off',
  zero: 'it draws no power',
  low: 'it draws hardly any power',
  normal: 'it draws power as usual',
  fault: 'its port refuses to give power',
  shed: 'its switch took its power away for want of supply',
  unobserved: 'its power is not measured',
};
const SYMPTOM: Readonly<Record<NodeSigns['symptom'], string>> = {
  'card-dying': 'its card is dying',
  undervoltage: 'its voltage is too low',
  'clock-wrong': 'its clock is wrong',
  'unit-failed': 'a unit on it failed',
  loops: 'it starts again and again',
  none: 'nothing is wrong',
};

export function sidesOfNode(signs: NodeSigns, { fileserver, plug, name }: NodeRecord): readonly Side[] {
  const agent = signs.agent === 'silent' ? 'silent' : `says that ${SYMPTOM[signs.symptom]}`;
  const sides: Side[] = [{ side: 'agent', name, words: agent }];
  if (signs.fileserver !== 'none')
    sides.push({ side: 'fileserver', name: fileserver, words: `${READS[signs.nfs]}; ${BOOT[signs.boot]}` });
  if (signs.switch !== 'none' && plug !== undefined)
    sides.push({
      side: 'switch',
      name: `${plug.switch} port ${plug.port}`,
      words: `${LINK[signs.link]}; ${POWER[signs.power]}`,
    });
  return sides;
}

const AGENT: Readonly<Record<ElementSigns['fileserverAgent'], string>> = {
  fresh: 'reports as usual',
  silent: 'silent',
  unobserved: 'not heard yet',
  none: 'there is none',
};
const SERVICE: Readonly<Partial<Record<ElementSigns['service'], string>>> = {
  full: 'its export is full',
  stalled: 'it does not answer in time',
  grace: 'it lets nobody in yet after its start',
  starting: 'it does not serve',
};
const PORTS: Readonly<Record<ElementSigns['ports'], string>> = {
  dark: 'all troubled ports are dark',
  lit: 'ports have link and power',
  unobserved: 'ports were not seen',
};

export function sidesOfElement(
  signs: ElementSigns,
  counts: { readonly silent: number; readonly watched: number },
  observers: { readonly fileservers: readonly string[]; readonly switches: readonly string[] },
): readonly Side[] {
  const service = SERVICE[signs.service];
  const fileserver = `${AGENT[signs.fileserverAgent]}${service === undefined ? '' : `; ${service}`}`;
  const power = signs.supply === 'lost' ? '; it lost a power supply' : '';
  const sides: Side[] = [
    { side: 'agent', name: '', words: `${counts.silent} of ${counts.watched} nodes are silent` },
    { side: 'fileserver', name: observers.fileservers.join(', '), words: fileserver },
    {
      side: 'switch',
      name: observers.switches.join(', '),
      words: `${AGENT[signs.switchAgent]}${signs.switchAgent === 'fresh' ? `; ${PORTS[signs.ports]}` : ''}${power}`,
    },
  ];
  if (signs.tunnel === 'up' || signs.tunnel === 'down')
    sides.push({ side: 'uplink', name: '', words: `its tunnel is ${signs.tunnel}` });
  return sides;
}
