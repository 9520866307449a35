/** From evidence to a verdict: the first row that matches wins. Data, so that it can be read, tested and argued about. */

import type { Rung } from './ladder.js';

/** What a row may ask of an element that nodes share. */
export interface ElementSigns {
  readonly tunnel: 'up' | 'down' | 'unobserved' | 'none';
  /** `fresh`: at least one of its agents; `silent`: all of them. */
  readonly fileserverAgent: 'fresh' | 'silent' | 'unobserved' | 'none';
  readonly switchAgent: 'fresh' | 'silent' | 'unobserved' | 'none';
  readonly service: 'ok' | 'full' | 'stalled' | 'grace' | 'starting' | 'unobserved' | 'none';
  /** Of a supply; of a switch: whether one of its supplies is lost, or ports are allocated more than there is. */
  readonly supply: 'ok' | 'lost' | 'exceeded';
  /** Whether troubled nodes are dark at their ports. */
  readonly ports: 'dark' | 'lit' | 'unobserved';
  /** Of its nodes: `few` = below the correlation score, `many` = above. */
  readonly silent: 'none' | 'few' | 'many';
}

export interface ElementRow {
  readonly id: string;
  readonly element: 'site' | 'fileserver' | 'switch' | 'psu';
  readonly when: { readonly [S in keyof ElementSigns]?: readonly ElementSigns[S][] };
  readonly verdict: string;
}

/** Shared causes that a witness can see. */
export const ELEMENT_ROWS: readonly ElementRow[] = [
  {
    id: 'site-dark',
    element: 'site',
    when: { fileserverAgent: ['silent', 'none'], switchAgent: ['silent', 'none'], silent: ['many'] },
    verdict: 'the uplink or the power of its site is gone',
  },
  {
    id: 'tunnel-down',
    element: 'site',
    when: { tunnel: ['down'], silent: ['many'] },
    verdict: 'the tunnel of its site is down',
  },
  {
    id: 'fileserver-gone',
    element: 'fileserver',
    when: { fileserverAgent: ['silent'], switchAgent: ['fresh'], silent: ['many'] },
    verdict: 'its fileserver is gone',
  },
  {
    id: 'nfs-service',
    element: 'fileserver',
    when: { fileserverAgent: ['fresh'], service: ['full', 'stalled', 'grace', 'starting'], silent: ['few', 'many'] },
    verdict: 'its fileserver runs and does not serve',
  },
  {
    id: 'poe-shed',
    element: 'psu',
    when: { switchAgent: ['fresh'], supply: ['lost'], ports: ['dark'], silent: ['few', 'many'] },
    verdict: 'its switch lost a power supply and shed ports',
  },
  {
    id: 'power-short',
    element: 'switch',
    when: { switchAgent: ['fresh'], supply: ['lost', 'exceeded'], ports: ['dark'], silent: ['few', 'many'] },
    verdict: 'its switch is short of power and shed ports',
  },
  {
    id: 'switch-gone',
    element: 'switch',
    when: { fileserverAgent: ['fresh'], switchAgent: ['silent'], silent: ['many'] },
    verdict: 'its switch is gone',
  },
];

/** What a row may ask of a node. */
export interface NodeSigns {
  readonly agent: 'fresh' | 'silent';
  /** Whether the side can be asked at all: `none` = there is none, as at a donor's home. */
  readonly fileserver: 'fresh' | 'none';
  readonly switch: 'fresh' | 'none';
  readonly symptom: 'card-dying' | 'undervoltage' | 'clock-wrong' | 'unit-failed' | 'loops' | 'none';
  readonly boot:
    | 'none'
    | 'under-way'
    | 'no-dhcp'
    | 'no-tftp-after-dhcp'
    | 'serial-dir-miss'
    | 'tftp-stalled'
    | 'no-nfs-mount'
    | 'no-agent-hello'
    | 'boot-loop'
    | 'unobserved';
  readonly nfs: 'active' | 'idle' | 'stalled' | 'unobserved';
  readonly link: 'up' | 'down' | 'flapping' | 'unobserved';
  readonly power: 'off' | 'zero' | 'low' | 'normal' | 'fault' | 'shed' | 'unobserved';
}

export interface NodeRow {
  readonly id: string;
  readonly when: { readonly [S in keyof NodeSigns]?: readonly NodeSigns[S][] };
  readonly verdict: string;
  /** In the order in which they are tried; never backwards within an incident. Empty = wait. */
  readonly rungs: readonly Rung[];
  /** A boot that the ROM lost: tried again by admission before the ladder is climbed. */
  readonly isRomLoss?: true;
  /** R4 is of use only when R3 has repaired something. */
  readonly coldAfterRepairOnly?: true;
}

/** Troubles of a node itself. The two last rows are what is left when the others do not know. */
export const NODE_ROWS: readonly NodeRow[] = [
  {
    id: 'card-dying',
    when: { agent: ['fresh'], symptom: ['card-dying'] },
    verdict: 'its SD card is dying',
    rungs: ['R8', 'R9'],
  },
  {
    id: 'undervoltage',
    when: { agent: ['fresh'], symptom: ['undervoltage'] },
    verdict: 'its power is too weak',
    rungs: ['R9'],
  },
  {
    id: 'clock-wrong',
    when: { agent: ['fresh'], symptom: ['clock-wrong'] },
    verdict: 'its clock is wrong',
    rungs: ['R1', 'R9'],
  },
  {
    id: 'unit-failed',
    when: { agent: ['fresh'], symptom: ['unit-failed'] },
    verdict: 'a unit on it failed',
    rungs: ['R1', 'R2', 'R9'],
  },
  {
    id: 'loops',
    when: { agent: ['fresh'], symptom: ['loops'] },
    verdict: 'it starts again and again',
    rungs: ['R6', 'R7', 'R8', 'R9'],
  },
  { id: 'donor', when: { fileserver: ['none'], switch: ['none'] }, verdict: 'it is out of reach', rungs: ['R9'] },
  {
    id: 'waits-for-power',
    when: { switch: ['fresh'], power: ['off'] },
    verdict: 'it waits to be switched on',
    rungs: [],
  },
  {
    id: 'shed',
    when: { switch: ['fresh'], power: ['shed'] },
    verdict: 'its switch is short of power and gives it none',
    rungs: [],
  },
  { id: 'boots', when: { boot: ['under-way'] }, verdict: 'it is starting', rungs: [] },
  {
    id: 'boot-path',
    when: { boot: ['serial-dir-miss'], link: ['up', 'unobserved'] },
    verdict: 'its boot files are missing',
    rungs: ['R3', 'R4', 'R9'],
    coldAfterRepairOnly: true,
  },
  {
    id: 'boot-stalls',
    when: { boot: ['tftp-stalled', 'no-nfs-mount'], link: ['up', 'unobserved'] },
    verdict: 'its boot does not get its files',
    rungs: ['R3', 'R4', 'R8', 'R9'],
  },
  {
    id: 'root-broken',
    when: { boot: ['no-agent-hello', 'boot-loop'] },
    verdict: 'its root does not come up',
    // A rescue that comes up says that the board is well and its root is not, before anything of it is lost.
    rungs: ['R5', 'R6', 'R7', 'R8', 'R9'],
  },
  {
    id: 'cable-or-board',
    when: { switch: ['fresh'], link: ['down', 'flapping'], power: ['zero', 'fault'] },
    verdict: 'its cable, its power board or itself is broken',
    rungs: ['R4', 'R8', 'R9'],
  },
  {
    id: 'rom-lost-files',
    when: { switch: ['fresh'], boot: ['no-tftp-after-dhcp'] },
    verdict: 'its boot ROM asked for an address and then for nothing',
    rungs: ['R4', 'R8', 'R9'],
    isRomLoss: true,
  },
  {
    id: 'rom-stuck',
    when: { switch: ['fresh'], boot: ['no-dhcp'] },
    verdict: 'its boot ROM does not ask for an address',
    rungs: ['R4', 'R8', 'R9'],
    isRomLoss: true,
  },
  {
    id: 'agent-dead',
    when: { agent: ['silent'], fileserver: ['fresh'], nfs: ['active'], link: ['up', 'unobserved'] },
    verdict: 'it serves, only its agent is silent',
    rungs: ['R1', 'R9'],
  },
  {
    id: 'hung',
    when: { agent: ['silent'], fileserver: ['fresh'], switch: ['fresh'], nfs: ['idle', 'stalled'], link: ['up'] },
    verdict: 'its kernel or its NFS client hangs',
    rungs: ['R3', 'R4', 'R6', 'R8', 'R9'],
  },
];
