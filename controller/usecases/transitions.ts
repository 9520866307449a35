import { renderDuration } from '../../proto/contract/words.js';
import type { Condition } from '../domain/condition.js';
import { conditionOf } from '../domain/condition-record.js';
import type { Transition } from '../domain/conditions.js';
import { DISK_SIGHT_WORDS, type DiskSight } from '../domain/disk-sight.js';
import type { FleetEvent, Severity } from '../domain/event.js';
import { silentAfterMs } from '../domain/liveness.js';
import type { Journal } from './journal.js';
import type { NodeEntry } from './node-table.js';
import type { World } from './ports.js';

/** Stored while a node is silent, so that a restarted controller neither forgets nor repeats the news. */
export const NO_CONTACT_TYPE = 'NoContact';
export const NO_CONTACT_REMEDY =
  'Look at its neighbours first: when they are silent too, check their switch, fileserver or uplink; else its power and cable.';

const reportedSetting = (entry: NodeEntry): string => `reported:${entry.node.id}`;

/** Turns what changed about a node into rows: the condition as it is now, and a line for the timeline. */
export class Transitions {
  readonly #journal: Journal;
  readonly #world: World;

  constructor(journal: Journal, world: World) {
    this.#journal = journal;
    this.#world = world;
  }

  /** The first report of a node's life; known reporters are not told again after a restart. */
  reporting(entry: NodeEntry): void {
    const event = this.#event(entry, 'info', 'NodeReporting', 'its first report arrived');
    const setting = reportedSetting(entry);
    this.#journal.write(async (writer) => {
      if ((await writer.setting(setting)) !== undefined) return;
      await writer.putSetting(setting, String(event.atMs));
      await writer.addFleetEvent(event);
    });
  }

  silent(entry: NodeEntry): void {
    const limit = renderDuration(silentAfterMs(entry.reportIntervalMs));
    const message =
      entry.goodbye === undefined
        ? `no report for ${limit}`
        : `it said goodbye (${entry.goodbye}) and did not come back in time`;
    const event = this.#event(entry, 'error', 'NodeSilent', message);
    const condition = noContact(entry, message, event.atMs);
    this.#journal.write(async (writer) => {
      await writer.putCondition(condition);
      await writer.addFleetEvent(event);
    });
  }

  back(entry: NodeEntry, silentSinceMs: number): void {
    const nowMs = this.#world.clock.nowMs();
    const lasted = renderDuration(Math.max(0, nowMs - silentSinceMs));
    const event = this.#event(entry, 'info', 'NodeBack', `it reports again after ${lasted} of silence`);
    const condition = noContact(entry, '', nowMs);
    this.#journal.write(async (writer) => {
      await writer.removeCondition(condition);
      await writer.addFleetEvent(event);
    });
  }

  /** What fileservers tell of a silent node, or that it is over. */
  diskSeen(entry: NodeEntry, sight: DiskSight | undefined): void {
    const before = entry.diskSight;
    entry.diskSight = sight;
    const nowMs = this.#world.clock.nowMs();
    this.#journal.write(async (writer) => {
      if (before !== undefined) await writer.removeCondition(diskCondition(entry, before, nowMs));
      if (sight === undefined) return; // that it reports again is told anyway
      const { type, severity, what } = DISK_SIGHT_WORDS[sight.kind];
      await writer.putCondition(diskCondition(entry, sight, nowMs));
      await writer.addFleetEvent(this.#event(entry, severity, 'ConditionRaised', `${type}: ${what(sight)}`));
    });
  }

  conditions(entry: NodeEntry, transitions: readonly Transition[]): void {
    for (const transition of transitions) this.#condition(entry, transition);
  }

  #condition(entry: NodeEntry, { kind, condition, finding }: Transition): void {
    const { type } = condition.rule;
    const row = conditionOf(entry.node.id, condition);
    switch (kind) {
      case 'changed':
        this.#journal.write((writer) => writer.putCondition(row));
        return;
      case 'raised': {
        const event = this.#event(entry, condition.severity, 'ConditionRaised', `${type}: ${finding}`);
        this.#journal.write(async (writer) => {
          await writer.putCondition(row);
          await writer.addFleetEvent(event);
        });
        return;
      }
      case 'cleared': {
        const event = this.#event(entry, 'info', 'ConditionCleared', `${type} is over: ${finding}`);
        this.#journal.write(async (writer) => {
          await writer.removeCondition(row);
          await writer.addFleetEvent(event);
        });
      }
    }
  }

  #event(entry: NodeEntry, severity: Severity, reason: string, message: string): Omit<FleetEvent, 'id'> {
    return { atMs: this.#world.clock.nowMs(), nodeId: entry.node.id, severity, reason, message };
  }
}

function diskCondition({ node }: NodeEntry, sight: DiskSight, sinceMs: number): Condition {
  const { type, severity, what } = DISK_SIGHT_WORDS[sight.kind];
  const rest = { status: 'true', severity, reason: 'DiskSeen', message: what(sight), sinceMs } as const;
  return { nodeId: node.id, type, instance: sight.fileserver, ...rest };
}

function noContact(entry: NodeEntry, message: string, sinceMs: number): Condition {
  return {
    nodeId: entry.node.id,
    type: NO_CONTACT_TYPE,
    instance: '',
    status: 'true',
    severity: 'error',
    reason: entry.goodbye === undefined ? 'ReportsMissing' : 'NotBack',
    message,
    sinceMs,
  };
}
