import { assertNever } from '../../proto/contract/assert.js';
import { boardKey, stageSteps } from '../../proto/contract/boot/record.js';
import { STAGE_WORDS, TROUBLE_WORDS } from '../../proto/contract/boot/words.js';
import { kernelLogMeaning } from '../../proto/contract/kernel-log.js';
import { visible } from '../../proto/contract/visible.js';
import { renderCount, renderDuration } from '../../proto/contract/words.js';
import type { AgentEvent, FleetEvent, Severity } from '../domain/event.js';
import { tellRaidChanged } from './raid-event-words.js';

export interface Told {
  readonly severity: Severity;
  readonly reason: string;
  readonly message: string;
}

/** An agent's event in plain words; `undefined` for command updates, whose words depend on the command. */
export function tellAgentEvent({ what }: AgentEvent): Told | undefined {
  switch (what.kind) {
    case 'boot-observed':
      if (what.previousBootId === '') return told('info', 'NodeBooted', 'the agent saw its first boot of this node');
      return told('info', 'NodeRebooted', 'the node booted');
    case 'agent-started': {
      const version = visible(what.agentVersion, 40);
      if (what.previousExit !== 'crash') return told('info', 'AgentStarted', `agent ${version} started`);
      return told(
        'warning',
        'AgentCrashed',
        `agent ${version} started after it ended without a goodbye in this same boot`,
      );
    }
    case 'events-dropped':
      return told(
        'warning',
        'EventsDropped',
        `the agent dropped ${renderCount(what.droppedCount, 'event')}: its outbox was full`,
      );
    case 'clock-stepped': {
      const direction = what.stepMs < 0 ? 'back' : 'forward';
      return told('info', 'ClockStepped', `its clock stepped ${direction} by ${renderDuration(Math.abs(what.stepMs))}`);
    }
    case 'desired-state-failed':
      return told('error', 'DesiredStateFailed', `revision ${what.revision} was not reached: ${visible(what.detail)}`);
    case 'node-config-settled':
      return tellNodeConfig(what);
    case 'kernel-log-matched':
      return tellKernelLog(what);
    case 'raid-changed':
      return tellRaidChanged(what);
    case 'board-boot':
      return tellBoardBoot(what);
    case 'netconsole-lines':
      return tellNetconsole(what);
    case 'unknown':
      return told('info', 'UnknownEvent', 'the agent told something that this controller does not know; upgrade it');
    case 'command-update':
      return undefined;
    default:
      return assertNever(what, 'agent event');
  }
}

function tellNodeConfig(what: Extract<AgentEvent['what'], { kind: 'node-config-settled' }>): Told {
  const { revision, changes, detail } = what;
  const list = changes.length === 0 ? 'nothing had to change' : changes.map((change) => visible(change)).join('; ');
  const why = visible(detail, 1_024);
  switch (what.outcome) {
    case 'applied':
      return told('info', 'ConfigApplied', `config ${revision} is in place: ${list}`);
    case 'refused':
      return told('error', 'ConfigRefused', `config ${revision} was refused, nothing has changed: ${why}`);
    case 'undone':
      return told('error', 'ConfigUndone', `config ${revision} was taken back: ${why}`);
    case 'drift-corrected':
      return told('warning', 'ConfigDriftCorrected', `somebody had changed what config ${revision} says: ${list}`);
    case 'unknown':
      return told('info', 'ConfigSettled', `config ${revision}: ${why}; upgrade this controller to know more`);
  }
}

/** A rule of a newer agent has no words here yet: its name and the line speak. */
function tellKernelLog({ rule, line, count }: Extract<AgentEvent['what'], { kind: 'kernel-log-matched' }>): Told {
  const { severity, words } = kernelLogMeaning(rule) ?? { severity: 'warning', words: `rule ${visible(rule, 40)}` };
  const often = count > 1 ? ` (the last of ${renderCount(count, 'such line')})` : '';
  return told(severity, 'KernelLogMatched', `kernel log: ${words}: "${visible(line)}"${often}`);
}

function tellBoardBoot({ record, trouble }: Extract<AgentEvent['what'], { kind: 'board-boot' }>): Told {
  const board = `board ${boardKey(record)} on ${record.interfaceName || 'its fileserver'}`;
  if (trouble !== undefined) {
    const { what, remedy } = TROUBLE_WORDS[trouble];
    return told('warning', 'BootHangs', `${board}: ${what}. ${remedy}`);
  }
  const last = stageSteps(record).at(-1);
  if (last === undefined) return told('info', 'BootStarted', `${board} starts`);
  const after = last.atMs - record.startedMs;
  return told(
    'info',
    'BootStage',
    `${board}: ${STAGE_WORDS[last.stage]}${after > 0 ? `, ${renderDuration(after)} after its start` : ''}`,
  );
}

function tellNetconsole(what: Extract<AgentEvent['what'], { kind: 'netconsole-lines' }>): Told {
  const lost = what.droppedCount > 0 ? ` (${renderCount(what.droppedCount, 'more line')} not kept)` : '';
  const lines = what.lines.map((line) => visible(line)).join(' ⏎ ');
  return told('info', 'Netconsole', `console of ${what.address}: ${visible(lines, 4_000)}${lost}`);
}

const told = (severity: Severity, reason: string, message: string): Told => ({ severity, reason, message });

/** From this age on an event says how late it is. */
const LATE_FROM_MS = 60_000;

export interface ToldWhen {
  readonly nowMs: number;
  /** Boot that the node is in, and when it began by our clock. */
  readonly bootId: string;
  readonly bootedAtMs: number | undefined;
}

/** By our wall clock; `undefined` for what happened in another boot of the node. */
export function happenedAtMs(event: AgentEvent, { bootId, bootedAtMs }: ToldWhen): number | undefined {
  return bootedAtMs !== undefined && event.bootId === bootId ? bootedAtMs + event.uptimeMs : undefined;
}

/** The line of the timeline for something that an agent told. */
export function fleetEventOf(
  nodeId: NonNullable<FleetEvent['nodeId']>,
  event: AgentEvent,
  words: Told,
  when: ToldWhen,
): Omit<FleetEvent, 'id'> {
  const ageMs = when.nowMs - (happenedAtMs(event, when) ?? when.nowMs);
  const late = ageMs >= LATE_FROM_MS ? ` (${renderDuration(ageMs)} ago)` : '';
  return { atMs: when.nowMs, nodeId, ...words, message: `${words.message}${late}` };
}
