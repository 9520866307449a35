/** Turns what the three sides say of one node into the signs that the evidence table asks for. */

import type { BootStage, BootTrouble } from '../../../proto/contract/boot/stage.js';
import type { MappedNode } from '../topology/fleet-map.js';
import { NODE_ROWS, type NodeRow, type NodeSigns } from './evidence-table.js';
import type { NodeSight, Observed } from './observed.js';

/** Older words of an observer are no evidence: two times to live of a 30 s report interval. */
export const EVIDENCE_MAX_AGE_MS = 190_000;

const UNDER_WAY: ReadonlySet<BootStage | BootTrouble | 'none'> = new Set([
  'power-on',
  'dhcp-seen',
  'bootcode-served',
  'serial-dir-hit',
  'kernel-served',
  'cmdline-served',
  'nfs-mounted',
  'agent-hello',
]);
/** A ROM and its loader are still at it: what boot admission counts. */
const IN_ROM: ReadonlySet<string> = new Set([
  'power-on',
  'dhcp-seen',
  'bootcode-served',
  'serial-dir-hit',
  'kernel-served',
]);

export function isInRom(sight: NodeSight): boolean {
  return IN_ROM.has(sight.boot);
}

/** @param notBeforeMs facts must be newer than this: the end of the last action on the node */
export function signsOf(
  observed: Observed,
  node: MappedNode,
  notBeforeMs: number,
  nowMs: number,
): NodeSigns | undefined {
  const sight = observed.nodes[node.index];
  if (sight === undefined) return undefined;
  const { fileserver, plug } = node.record;
  const isCurrent = (sawAtMs: number): boolean => sawAtMs > notBeforeMs && nowMs - sawAtMs <= EVIDENCE_MAX_AGE_MS;
  const seenByFileserver =
    observed.fileservers.get(fileserver)?.agent === 'fresh' && isCurrent(sight.fileserverSawAtMs);
  const seenBySwitch =
    plug !== undefined && observed.switches.get(plug.switch)?.agent === 'fresh' && isCurrent(sight.switchSawAtMs);
  const boot = sight.boot;
  return {
    agent: sight.agent === 'fresh' ? 'fresh' : 'silent',
    fileserver: fileserver === '' ? 'none' : 'fresh',
    switch: plug === undefined ? 'none' : 'fresh',
    symptom: sight.agent === 'fresh' ? (sight.symptom ?? 'none') : 'none',
    boot: seenByFileserver ? wordOf(boot) : 'unobserved',
    nfs: seenByFileserver ? sight.nfs : 'unobserved',
    link: seenBySwitch ? sight.link : 'unobserved',
    power: seenBySwitch ? sight.power : 'unobserved',
  };
}

function wordOf(boot: BootStage | BootTrouble | 'none'): NodeSigns['boot'] {
  if (boot === 'none' || boot === 'verified') return 'none';
  if (UNDER_WAY.has(boot)) return 'under-way';
  return TROUBLES.find((trouble) => trouble === boot) ?? 'none';
}

const TROUBLES = [
  'no-dhcp',
  'no-tftp-after-dhcp',
  'serial-dir-miss',
  'tftp-stalled',
  'no-nfs-mount',
  'no-agent-hello',
  'boot-loop',
] as const satisfies readonly BootTrouble[];

/** The first row that matches; `undefined` = the evidence says nothing that we know. */
export function verdictOf(signs: NodeSigns): NodeRow | undefined {
  return NODE_ROWS.find(({ when }) => matches(when, signs));
}

/** Whether every sign that is asked for has one of the wanted values. */
export function matches<Signs extends object>(
  when: { readonly [S in keyof Signs]?: readonly Signs[S][] },
  signs: Signs,
): boolean {
  for (const key in when) {
    const wanted = when[key];
    if (wanted !== undefined && !wanted.includes(signs[key])) return false;
  }
  return true;
}

/** "agent silent, fileserver hears idle reads and no boot, switch sees link up and normal power" */
export function renderSigns(signs: NodeSigns): string {
  const { agent, symptom, boot, nfs, link, power } = signs;
  return `agent ${agent}${symptom === 'none' ? '' : ` (${symptom})`}, boot ${boot}, reads ${nfs}, link ${link}, power ${power}`;
}
