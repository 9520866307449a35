/** Says everything that is wrong with a topology, before anybody plans by it. */

import { BrambleError } from '../../../proto/contract/errors.js';
import type { PlugRecord, Topology } from './records.js';

/** Every problem as a sentence; empty = it can be planned by. Names are unique over all kinds: `pull-plug NAME` needs it. */
export function topologyProblems(topology: Topology): readonly string[] {
  return [...nameProblems(topology), ...referenceProblems(topology), ...plugProblems(topology)];
}

/** @throws BrambleError `invalid-argument` with all problems in `details` */
export function assertTopology(topology: Topology): void {
  const problems = topologyProblems(topology);
  if (problems.length === 0) return;
  throw new BrambleError('invalid-argument', `topology: ${problems[0]}`, {
    hint: problems.length === 1 ? 'correct it' : `there are ${problems.length} problems: correct them all`,
    details: { problems },
  });
}

function nameProblems(topology: Topology): readonly string[] {
  const seen = new Set<string>();
  const problems: string[] = [];
  const named = [
    ...topology.sites,
    ...topology.racks,
    ...topology.shelves,
    ...topology.psus,
    ...topology.switches,
    ...topology.fileservers,
    ...topology.nodes,
  ];
  for (const { name } of named) {
    if (name === '') problems.push('something has no name');
    else if (seen.has(name)) problems.push(`${name} is the name of two things`);
    seen.add(name);
  }
  return problems;
}

function referenceProblems(topology: Topology): readonly string[] {
  const names = (records: readonly { readonly name: string }[]) => new Set(records.map(({ name }) => name));
  const sites = names(topology.sites);
  const racks = names(topology.racks);
  const shelves = names(topology.shelves);
  const psus = names(topology.psus);
  const switches = names(topology.switches);
  const fileservers = names(topology.fileservers);
  const problems: string[] = [];
  const need = (from: string, what: string, name: string, known: ReadonlySet<string>): void => {
    if (!known.has(name)) problems.push(`${from}: there is no ${what} ${name}`);
  };
  for (const { name, site } of topology.racks) need(name, 'site', site, sites);
  for (const { name, rack } of topology.shelves) need(name, 'rack', rack, racks);
  for (const { name, rack } of topology.psus) need(name, 'rack', rack, racks);
  for (const one of [...topology.switches, ...topology.fileservers]) {
    need(one.name, 'rack', one.rack, racks);
    for (const psu of one.psus) need(one.name, 'power supply', psu, psus);
  }
  for (const one of topology.fileservers) need(one.name, 'switch', one.switch, switches);
  for (const node of topology.nodes) {
    need(node.name, 'site', node.site, sites);
    if (node.shelf !== '') need(node.name, 'shelf', node.shelf, shelves);
    if (node.fileserver !== '') need(node.name, 'fileserver', node.fileserver, fileservers);
  }
  for (const { board, site, fileserver } of topology.spares) {
    need(`spare ${board.serial}`, 'site', site, sites);
    need(`spare ${board.serial}`, 'fileserver', fileserver, fileservers);
  }
  return problems;
}

function plugProblems(topology: Topology): readonly string[] {
  const ports = new Map(
    topology.switches.flatMap(({ name, ports }) =>
      ports.map((port) => [plugName({ switch: name, port: port.port }), port]),
    ),
  );
  const plugs = [
    ...topology.nodes.map(({ name, plug, board }) => ({ name, plug, board })),
    ...topology.spares.map(({ plug, board }) => ({ name: `spare ${board.serial}`, plug, board })),
  ];
  const [usedPorts, usedBoards] = [new Map<string, string>(), new Map<string, string>()];
  const problems: string[] = [];
  for (const { name, plug, board } of plugs) {
    const twin = usedBoards.get(board.serial);
    if (twin !== undefined) problems.push(`board ${board.serial} is both ${twin} and ${name}`);
    if (board.serial !== '') usedBoards.set(board.serial, name); // else: nobody knows which board it is
    if (plug === undefined) continue;
    const where = plugName(plug);
    const port = ports.get(where);
    if (port === undefined) problems.push(`${name}: there is no port ${where}`);
    else if (port.role !== 'node') problems.push(`${name}: port ${where} is for ${port.role}`);
    const other = usedPorts.get(where);
    if (other !== undefined) problems.push(`port ${where} has both ${other} and ${name}`);
    usedPorts.set(where, name);
  }
  return problems;
}

/** "sw-1/12" */
export function plugName(plug: PlugRecord): string {
  return `${plug.switch}/${plug.port}`;
}
