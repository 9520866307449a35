/** What is wrong, once per cause: who suffers from it, what each side says, and what was done about it. Times: wall clock. */

import type { HealState } from '../healing/heal-state.js';

export type IncidentSide = 'agent' | 'fileserver' | 'switch' | 'uplink';

/** What one side says, in plain words. */
export interface Side {
  readonly side: IncidentSide;
  /** Name of the observer; empty when there is none. */
  readonly name: string;
  readonly words: string;
}

export interface Member {
  readonly name: string;
  readonly state: HealState | 'healthy';
  /** Why nothing is done about it now; empty = it is helped, or waits its turn. */
  readonly heldBecause: string;
  readonly sinceMs: number;
  /** `undefined` = it is not. */
  readonly wellSinceMs: number | undefined;
}

/** `critical`: something that nodes share. `warning`: one node. Chosen when it is opened, and kept: alerts are routed by it. */
export type IncidentSeverity = 'critical' | 'warning';

interface Acknowledgement {
  readonly by: string;
  readonly atMs: number;
}

export interface Incident {
  readonly id: string;
  /** "node:pi-7", "switch:sw-1", "site:cam", "change:42" */
  readonly cause: string;
  /** `undefined` = it spans sites. */
  readonly site: string | undefined;
  /** Row of the evidence table, or the condition. */
  readonly row: string;
  /** In plain words. */
  readonly verdict: string;
  readonly severity: IncidentSeverity;
  readonly openedAtMs: number;
  readonly members: readonly Member[];
  readonly sides: readonly Side[];
  /** Since when neither the cause nor a member is in trouble; `undefined` = one is. */
  readonly wellSinceMs: number | undefined;
  /** The cause and all members are healthy and have been for the settle time; nothing is added any more. */
  readonly overAtMs: number | undefined;
  /** By itself together with overAtMs; people may close it before, and are not alerted of the same again. */
  readonly closedAtMs: number | undefined;
  /** Empty = by itself. */
  readonly closedBy: string;
  readonly acknowledged: Acknowledgement | undefined;
}

/** `signal`: something was seen. `decision`: what to do, or why not. `action`: it was done. `verification`: whether it helped. */
export type EntryKind = 'signal' | 'decision' | 'action' | 'verification' | 'person';

export interface TimelineEntry {
  readonly incident: string;
  readonly atMs: number;
  readonly kind: EntryKind;
  /** What it is about; empty = the cause itself. */
  readonly about: string;
  readonly words: string;
  /** Who said it; empty = the controller. */
  readonly actor: string;
}

export function isOpen({ closedAtMs }: Pick<Incident, 'closedAtMs'>): boolean {
  return closedAtMs === undefined;
}

/** Name of the incident of a node itself. */
export function nodeCause(name: string): string {
  return `node:${name}`;
}

/** "pi-7", "switch sw-1", "the whole fleet" */
export function causeWords(cause: string): string {
  const at = cause.indexOf(':');
  const [kind, name] = [cause.slice(0, at), cause.slice(at + 1)];
  if (kind === 'node') return name;
  return kind === 'fleet' ? 'the whole fleet' : `${kind} ${name}`;
}

/** "switch sw-1: its switch is gone" */
export function incidentTitle({ cause, verdict }: Pick<Incident, 'cause' | 'verdict'>): string {
  return `${causeWords(cause)}: ${verdict}`;
}
