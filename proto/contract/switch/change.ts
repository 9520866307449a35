import { bridgeOf, comparePortNames, orderedPlan, type PortRole, type SwitchPlan, vlansOf } from './plan.js';

/** A switch's answer to whom it is to take back a change that has come to its end. */
export const NOT_ON_TRIAL = 'this change is not on trial';

/** What putting a plan in place does to one port, bond or interface. */
export interface PortEffect {
  readonly name: string;
  /**
   * `flap`: its link goes down, or it leaves a bridge for a moment; `move`: what it reaches changes while its link stays;
   * `label`: nothing but words.
   */
  readonly effect: 'flap' | 'move' | 'label';
  readonly what: string;
}

/** Ports that are touched on the way from one plan to another, in their order; none when they mean the same. */
export function portEffects(before: SwitchPlan, after: SwitchPlan): readonly PortEffect[] {
  const [old, next] = [orderedPlan(before), orderedPlan(after)];
  const isRebuilt = old.style !== next.style || old.spanningTree !== next.spanningTree;
  const olds = rolesOf(old);
  const nexts = rolesOf(next);
  const names = [...new Set([...olds.keys(), ...nexts.keys()])].toSorted(comparePortNames);
  return names.flatMap((name) => {
    const [was, is] = [olds.get(name), nexts.get(name)];
    if (isRebuilt) return [{ name, effect: 'flap' as const, what: 'its bridge is built anew' }];
    const found = effectOf(old, next, was, is);
    return found === undefined ? [] : [{ name, ...found }];
  });
}

interface Placed {
  readonly note: string;
  readonly role: PortRole;
}

function rolesOf(plan: SwitchPlan): ReadonlyMap<string, Placed> {
  return new Map([...plan.ports, ...plan.bonds].map(({ name, note, role }) => [name, { note, role }]));
}

function effectOf(
  before: SwitchPlan,
  after: SwitchPlan,
  was: Placed | undefined,
  is: Placed | undefined,
): Omit<PortEffect, 'name'> | undefined {
  if (was === undefined) return { effect: 'flap', what: 'it is new' };
  if (is === undefined) return { effect: 'flap', what: 'it is left to itself' };
  const what = `${describeRole(was.role)} -> ${describeRole(is.role)}`;
  if (JSON.stringify(was.role) === JSON.stringify(is.role)) {
    const [old, now] = [bridgesOf(before, was.role), bridgesOf(after, is.role)];
    if (old !== now) return { effect: 'flap', what: `${old} -> ${now}` };
    return was.note === is.note ? undefined : { effect: 'label', what: `called ${JSON.stringify(is.note)}` };
  }
  const isIn = ({ kind }: PortRole): boolean => kind !== 'unused' && kind !== 'member';
  if (!isIn(was.role) || !isIn(is.role)) return { effect: 'flap', what };
  const [old, now] = [vlansOf(was.role), vlansOf(is.role)];
  const isSame = old.untagged === now.untagged && old.tagged.join() === now.tagged.join();
  // In a bridge that knows VLANs a port stays; in the other style it leaves one bridge and joins another.
  const leaves = before.style === 'bridge-per-vlan' && old.untagged !== now.untagged;
  return { effect: isSame ? 'label' : leaves ? 'flap' : 'move', what };
}

function bridgesOf(plan: SwitchPlan, role: PortRole): string {
  if (plan.style === 'vlan-aware') return '';
  const { untagged, tagged } = vlansOf(role);
  return [...(untagged === undefined ? [] : [untagged]), ...tagged].map((vlan) => bridgeOf(plan, vlan)).join(' ');
}

/** "pi, storage 10, public 131". */
export function describeRole(role: PortRole): string {
  switch (role.kind) {
    case 'pi':
      return `pi, storage ${role.storageVlan}${role.publicVlans.length === 0 ? '' : `, public ${role.publicVlans.join(' ')}`}`;
    case 'access':
      return `access to ${role.vlan}`;
    case 'fileserver':
      return `fileserver trunk of ${role.vlans.length} VLANs`;
    case 'uplink': {
      const untagged = role.untaggedVlan === undefined ? '' : `, ${role.untaggedVlan} without a tag`;
      return `uplink of ${role.vlans.length} VLANs${untagged}`;
    }
    case 'member':
      return `member of ${role.bond}`;
    case 'unused':
      return 'unused';
  }
}

/**
 * What changes between two files, as lines that begin with " ", "+" or "-"; runs of equal lines are cut to the three beside
 * a change. Files of a switch have some hundreds of lines: the common ends are skipped, the rest is compared pair by pair.
 */
export function diffLines(before: string, after: string): readonly string[] {
  const old = before.split('\n');
  const next = after.split('\n');
  let head = 0;
  while (head < old.length && head < next.length && old[head] === next[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < next.length - head && old.at(-1 - tail) === next.at(-1 - tail)) tail += 1;
  const middle = diffMiddle(old.slice(head, old.length - tail), next.slice(head, next.length - tail));
  if (middle.length === 0) return [];
  const lines = [
    ...old.slice(0, head).map((line) => ` ${line}`),
    ...middle,
    ...old.slice(old.length - tail).map((line) => ` ${line}`),
  ];
  return withContext(lines);
}

const CONTEXT_LINES = 3;

function withContext(lines: readonly string[]): readonly string[] {
  const near = new Array<boolean>(lines.length).fill(false);
  lines.forEach((line, at) => {
    if (line.startsWith(' ')) return;
    near.fill(true, Math.max(0, at - CONTEXT_LINES), Math.min(lines.length, at + CONTEXT_LINES + 1));
  });
  return lines.flatMap((line, at) => {
    if (near[at] === true) return [line];
    return near[at - 1] === true && near.indexOf(true, at) >= 0 ? [' ...'] : [];
  });
}

/** By the longest common subsequence. Lines are compared as numbers: most pairs of lines of a switch differ in one digit. */
function diffMiddle(old: readonly string[], next: readonly string[]): readonly string[] {
  const numbers = new Map<string, number>();
  const numberOf = (line: string): number => {
    const known = numbers.get(line) ?? numbers.size;
    numbers.set(line, known);
    return known;
  };
  const [olds, nexts] = [Int32Array.from(old, numberOf), Int32Array.from(next, numberOf)];
  const width = next.length + 1;
  const lengths = new Uint16Array((old.length + 1) * width);
  const at = (row: number, column: number): number => lengths[row * width + column] ?? 0;
  for (let row = old.length - 1; row >= 0; row--) {
    const line = olds[row];
    for (let column = next.length - 1; column >= 0; column--) {
      lengths[row * width + column] =
        line === nexts[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const lines: string[] = [];
  let [row, column] = [0, 0];
  while (row < old.length || column < next.length) {
    if (row < old.length && column < next.length && old[row] === next[column]) {
      lines.push(` ${old[row]}`);
      row += 1;
      column += 1;
    } else if (column >= next.length || (row < old.length && at(row + 1, column) >= at(row, column + 1))) {
      lines.push(`-${old[row]}`);
      row += 1;
    } else {
      lines.push(`+${next[column]}`);
      column += 1;
    }
  }
  return lines;
}
