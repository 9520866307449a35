import { bridgeOf, bridgePortsOf, everyVlanOf, membersOf, type PortRole, type SwitchPlan, vlansOf } from './plan.js';

/** Why a plan must not be put in place (`error`), or what somebody should know before (`warning`). */
export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly code: FindingCode;
  readonly message: string;
}

export type FindingCode =
  | 'name-twice'
  | 'bond'
  | 'vlan-reserved'
  | 'vlan-out-of-range'
  | 'vlans-exhausted'
  | 'storage-shared'
  | 'storage-unserved'
  | 'loop'
  | 'no-edge'
  | 'management'
  | 'uplink-lost'
  | 'trunk-lost'
  | 'bridge-name';

/**
 * Judges a plan, and the way to it from the one that is in place.
 * @param current `undefined` where no plan of ours is in place yet
 */
export function preflight(plan: SwitchPlan, current: SwitchPlan | undefined): readonly Finding[] {
  return [
    ...judgeNames(plan),
    ...judgeBonds(plan),
    ...judgeStorage(plan),
    ...judgeLoops(plan),
    ...judgeEdges(plan),
    ...judgePaths(plan, current),
  ];
}

export function blockingFindings(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ severity }) => severity === 'error');
}

const error = (code: FindingCode, message: string): Finding => ({ severity: 'error', code, message });
const warning = (code: FindingCode, message: string): Finding => ({ severity: 'warning', code, message });

function judgeNames(plan: SwitchPlan): readonly Finding[] {
  const bridges = plan.style === 'vlan-aware' ? ['br0'] : vlansIn(plan).map((vlan) => bridgeOf(plan, vlan));
  const names = ['lo', plan.management.name, ...plan.bonds.map(({ name }) => name), ...bridges];
  const all = [...names, ...plan.ports.map(({ name }) => name)];
  const twice = [...new Set(all.filter((name, at) => all.indexOf(name) !== at))];
  const findings = twice.map((name) =>
    name === plan.management.name
      ? error('management', `${name} is the switch's own way to its controller and cannot be a port too`)
      : error('name-twice', `${name} is the name of two things`),
  );
  if (plan.style === 'vlan-aware' && Object.keys(plan.bridgeNames).length > 0) {
    findings.push(error('bridge-name', 'a VLAN-aware switch has one bridge, br0: bridgeNames has no meaning'));
  }
  return findings;
}

function judgeBonds(plan: SwitchPlan): readonly Finding[] {
  const known = new Set(plan.bonds.map(({ name }) => name));
  const strays = plan.ports.flatMap(({ name, role }) =>
    role.kind === 'member' && !known.has(role.bond)
      ? [error('bond', `${name} is in ${role.bond}, which is no bond`)]
      : [],
  );
  const empty = plan.bonds.filter(({ name }) => membersOf(plan, name).length === 0);
  return [...strays, ...empty.map(({ name }) => error('bond', `${name} has no member`))];
}

/** Each node has a VLAN of its own to its root filesystem; nobody else is in it but the fileserver. */
function judgeStorage(plan: SwitchPlan): readonly Finding[] {
  const findings: Finding[] = [];
  const ownerOf = new Map<number, string>();
  const { from, to } = plan.storageVlans;
  if (from > to) findings.push(error('vlan-out-of-range', 'the range of storage VLANs is empty'));
  for (const { name, role } of plan.ports) {
    if (role.kind !== 'pi') continue;
    const { storageVlan: vlan } = role;
    const other = ownerOf.get(vlan);
    if (other !== undefined) findings.push(error('storage-shared', `${other} and ${name} share storage VLAN ${vlan}`));
    ownerOf.set(vlan, name);
    if (plan.reservedVlans.includes(vlan)) findings.push(error('vlan-reserved', `${name}: VLAN ${vlan} is reserved`));
    else if (vlan < from || vlan > to || (vlan === 1 && plan.style === 'vlan-aware')) {
      findings.push(error('vlan-out-of-range', `${name}: VLAN ${vlan} is none for storage (${from}-${to})`));
    }
  }
  return [...findings, ...judgeServed(plan, ownerOf)];
}

function judgeServed(plan: SwitchPlan, ownerOf: ReadonlyMap<number, string>): readonly Finding[] {
  const findings: Finding[] = [];
  const served = new Set<number>();
  for (const { name, role } of bridgePortsOf(plan)) {
    const { untagged, tagged } = vlansOf(role);
    const others = role.kind === 'pi' || untagged === undefined ? tagged : [untagged, ...tagged];
    for (const vlan of others) {
      const owner = ownerOf.get(vlan);
      if (owner === undefined) continue;
      if (role.kind === 'fileserver') served.add(vlan);
      else findings.push(error('storage-shared', `${name} is in VLAN ${vlan}, the storage of ${owner}`));
    }
  }
  for (const [vlan, owner] of ownerOf) {
    if (!served.has(vlan)) findings.push(error('storage-unserved', `no fileserver is in VLAN ${vlan} of ${owner}`));
  }
  return findings;
}

/** Two ways out that are in one VLAN are a loop as soon as the far ends are joined: only a spanning tree stops it. */
function judgeLoops(plan: SwitchPlan): readonly Finding[] {
  if (plan.spanningTree !== 'off') return [];
  const findings: Finding[] = [];
  const uplinks = bridgePortsOf(plan).filter(({ role }) => role.kind === 'uplink');
  uplinks.forEach((one, at) => {
    for (const other of uplinks.slice(at + 1)) {
      const shared = everyVlanOf(one.role).filter((vlan) => everyVlanOf(other.role).includes(vlan));
      if (shared.length === 0) continue;
      findings.push(
        error(
          'loop',
          `${one.name} and ${other.name} are both uplinks in VLAN ${shared[0]}: bond them, or run a spanning tree`,
        ),
      );
    }
  });
  return findings;
}

function judgeEdges(plan: SwitchPlan): readonly Finding[] {
  const isWaiting = plan.spanningTree === 'kernel' && plan.ports.some(({ role }) => role.kind === 'pi');
  if (!isWaiting) return [];
  const why =
    'the kernel’s spanning tree knows no edge ports: a Pi’s port forwards after 30 s, and its boot ROM gives up before';
  return [error('no-edge', `${why}; run mstpd, or none`)];
}

function judgePaths(plan: SwitchPlan, current: SwitchPlan | undefined): readonly Finding[] {
  if (current === undefined) return [];
  const findings: Finding[] = [];
  if (JSON.stringify(plan.management) !== JSON.stringify(current.management)) {
    findings.push(error('management', `the way to the controller (${current.management.name}) stays as it is`));
  }
  const has = (of: SwitchPlan, kind: PortRole['kind']): boolean =>
    bridgePortsOf(of).some(({ role }) => role.kind === kind);
  if (has(current, 'uplink') && !has(plan, 'uplink'))
    findings.push(error('uplink-lost', 'no port is an uplink any more'));
  if (has(current, 'fileserver') && !has(plan, 'fileserver')) {
    findings.push(error('trunk-lost', 'no port leads to a fileserver any more'));
  }
  const freed = freeStorageVlans(plan);
  if (freed === 0 && freeStorageVlans(current) > 0) {
    findings.push(warning('vlans-exhausted', 'no storage VLAN is left for another node'));
  }
  return findings;
}

/** VLANs that a further node could be given. */
export function freeStorageVlans(plan: SwitchPlan): number {
  const taken = new Set([...vlansIn(plan), ...plan.reservedVlans]);
  let free = 0;
  for (let vlan = plan.storageVlans.from; vlan <= plan.storageVlans.to; vlan++) if (!taken.has(vlan)) free += 1;
  return free;
}

/** The lowest that is free; `undefined` when all are taken. Never computed from the port: some of the range may be reserved. */
export function nextStorageVlan(plan: SwitchPlan): number | undefined {
  const taken = new Set([...vlansIn(plan), ...plan.reservedVlans]);
  for (let vlan = plan.storageVlans.from; vlan <= plan.storageVlans.to; vlan++) if (!taken.has(vlan)) return vlan;
  return undefined;
}

function vlansIn(plan: SwitchPlan): readonly number[] {
  return [...new Set(bridgePortsOf(plan).flatMap(({ role }) => everyVlanOf(role)))];
}
