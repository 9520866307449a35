import { describeSshKey } from '../../../proto/contract/node-config/ssh-key.js';
import { visible } from '../../../proto/contract/visible.js';
import { parseManagedKeys } from './authorized-keys.js';
import { type ManagedFile, type TimeService, type UnitCondition, userOf } from './machine.js';

/** One change, with what was before: done backwards it is its own undoing. Done twice it changes nothing more. */
export type Step =
  | {
      readonly kind: 'file';
      readonly file: ManagedFile;
      /** `null` = there is none; JSON has no `undefined`. */
      readonly before: string | null;
      readonly after: string | null;
    }
  | { readonly kind: 'hostname'; readonly before: string; readonly after: string }
  | { readonly kind: 'sysctl'; readonly name: string; readonly before: string; readonly after: string }
  | { readonly kind: 'time-service'; readonly service: TimeService }
  | { readonly kind: 'unit'; readonly unit: string; readonly before: UnitCondition; readonly after: UnitCondition };

/** The steps that lead back. */
export function inverse(steps: readonly Step[]): readonly Step[] {
  // A time service is restarted after its file is back, wherever its own step stands.
  const order = (step: Step): number => (step.kind === 'time-service' ? 1 : 0);
  return steps
    .toReversed()
    .map((step): Step => ('before' in step ? swapped(step) : step))
    .sort((a, b) => order(a) - order(b));
}

function swapped(step: Exclude<Step, { kind: 'time-service' }>): Step {
  switch (step.kind) {
    case 'file':
      return { ...step, before: step.after, after: step.before };
    case 'unit':
      return { ...step, before: step.after, after: step.before };
    case 'hostname':
    case 'sysctl':
      return { ...step, before: step.after, after: step.before };
  }
}

/** What a step changes, for people. */
export function tellStep(step: Step): readonly string[] {
  switch (step.kind) {
    case 'file':
      return tellFile(step);
    case 'hostname':
      return [`hostname: ${visible(step.before, 64)} -> ${step.after}`];
    case 'sysctl':
      return [`sysctl ${step.name}: ${visible(step.before, 64)} -> ${visible(step.after, 64)}`];
    case 'unit':
      return [`unit ${step.unit}: ${tellUnit(step.before)} -> ${tellUnit(step.after)}`];
    case 'time-service':
      return []; // its file is told
  }
}

function tellUnit({ enabled, running }: UnitCondition): string {
  const parts = enabled === undefined ? [] : [enabled ? 'enabled' : 'disabled'];
  return [...parts, running ? 'running' : 'stopped'].join(' and ');
}

function tellFile({ file, before, after }: Extract<Step, { kind: 'file' }>): readonly string[] {
  const user = userOf(file);
  if (user === undefined) return [`${FILE_WORDS[file] ?? file}: ${before === null ? 'made' : 'changed'}`];
  const [had, has] = [keysIn(before), keysIn(after)];
  const gained = has.filter((key) => !had.includes(key)).map((key) => `+ ${describeSshKey(key)}`);
  const lost = had.filter((key) => !has.includes(key)).map((key) => `- ${describeSshKey(key)}`);
  const changes = [...gained, ...lost];
  return (changes.length === 0 ? ['put in order'] : changes).map((change) => `authorized keys of ${user}: ${change}`);
}

function keysIn(text: string | null): readonly string[] {
  return parseManagedKeys(text ?? '') ?? [];
}

const FILE_WORDS: Readonly<Record<string, string>> = {
  hostname: 'hostname file',
  hosts: 'hosts file',
  timesyncd: 'ntp servers (systemd-timesyncd)',
  chrony: 'ntp servers (chrony)',
  sysctls: 'sysctls for the next boot',
};
