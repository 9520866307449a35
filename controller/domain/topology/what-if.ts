/** "What if somebody pulled this plug?": who goes dark, who hangs, who is merely out of sight. */

import { BrambleError } from '../../../proto/contract/errors.js';
import type { FleetMap, MappedNode } from './fleet-map.js';
import type { SwitchRecord } from './records.js';

/**
 * `off`: without power. `shed`: its switch gives it no power any more. `hung`: runs, but its root does not answer.
 * `cut-off`: runs and serves, but nobody outside its site sees it.
 */
export type Effect = 'off' | 'shed' | 'hung' | 'cut-off';

export interface WhatIf {
  readonly name: string;
  readonly kind: string;
  /** Other things that go with it. */
  readonly takesAlong: readonly string[];
  readonly nodes: readonly { readonly name: string; readonly effect: Effect }[];
  /** Whom healing would name as the cause, and so whose nodes it would not touch. */
  readonly heldBy: string;
}

/** @throws BrambleError `not-found` when nothing has that name */
export function whatIfUnplugged(map: FleetMap, name: string): WhatIf {
  const { topology } = map;
  const node = map.nodeByName.get(name);
  if (node !== undefined) {
    return { name, kind: 'node', takesAlong: [], nodes: [{ name, effect: 'off' }], heldBy: `node:${name}` };
  }
  const element = map.elements.find((one) => one.name === name && PLUGGABLE.has(one.kind));
  if (element === undefined) {
    throw new BrambleError('not-found', `nothing in the topology is called ${name}`, {
      hint: 'name a site, rack, shelf, power supply, switch, fileserver or node',
    });
  }
  const dark = darkNames(map, element.kind, name);
  const effects = map.nodes.flatMap((one) => {
    const effect = effectOn(one, dark, element.kind === 'site' ? name : undefined);
    return effect === undefined ? [] : [{ name: one.record.name, effect }];
  });
  const shed = topology.switches
    .filter((one) => !dark.has(one.name) && one.psus.some((psu) => dark.has(psu)))
    .flatMap((one) => shedNodes(map, one, dark));
  return {
    name,
    kind: element.kind,
    takesAlong: [...dark].filter((other) => other !== name && !map.nodeByName.has(other)).sort(),
    nodes: [...effects, ...shed.map((nodeName) => ({ name: nodeName, effect: 'shed' as const }))],
    heldBy: `${element.kind}:${name}`,
  };
}

const PLUGGABLE: ReadonlySet<string> = new Set(['site', 'rack', 'shelf', 'psu', 'switch', 'fileserver']);

/** Names of everything without power: pulling a site's plug is cutting its uplink, so that nothing there goes dark. */
function darkNames({ topology }: FleetMap, kind: string, name: string): ReadonlySet<string> {
  if (kind === 'site') return new Set();
  const dark = new Set([name]);
  if (kind === 'rack') {
    for (const one of [...topology.psus, ...topology.switches, ...topology.fileservers, ...topology.shelves])
      if (one.rack === name) dark.add(one.name);
  }
  for (const one of [...topology.switches, ...topology.fileservers])
    if (one.psus.length > 0 && one.psus.every((psu) => dark.has(psu))) dark.add(one.name);
  return dark;
}

function effectOn({ record }: MappedNode, dark: ReadonlySet<string>, siteCut: string | undefined): Effect | undefined {
  if (dark.has(record.shelf) || (record.plug !== undefined && dark.has(record.plug.switch))) return 'off';
  if (dark.has(record.fileserver)) return 'hung';
  return record.site === siteCut ? 'cut-off' : undefined;
}

/** Who loses power when only the supplies that are left feed the switch: highest priority number first, then highest port. */
function shedNodes(map: FleetMap, one: SwitchRecord, dark: ReadonlySet<string>): readonly string[] {
  const left = map.topology.psus.filter(({ name }) => one.psus.includes(name) && !dark.has(name));
  let spareMilliW = left.reduce((sum, { poeMilliW }) => sum + poeMilliW, 0);
  const plugged = map.nodes
    .filter(({ record, port }) => record.plug?.switch === one.name && port !== undefined)
    .map(({ record, port }) => ({ name: record.name, port }))
    .sort((a, b) => (a.port?.priority ?? 0) - (b.port?.priority ?? 0) || (a.port?.port ?? 0) - (b.port?.port ?? 0));
  const shed: string[] = [];
  for (const { name, port } of plugged) {
    spareMilliW -= port?.allocatedMilliW ?? 0;
    if (spareMilliW < 0) shed.push(name);
  }
  return shed;
}
