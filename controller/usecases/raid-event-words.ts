import { visible } from '../../proto/contract/visible.js';
import { renderCount } from '../../proto/contract/words.js';
import type { AgentEventKind, Severity } from '../domain/event.js';

/** As agent-event-words.ts has it. */
interface Told {
  readonly severity: Severity;
  readonly reason: string;
  readonly message: string;
}

type RaidChanged = Extract<AgentEventKind, { readonly kind: 'raid-changed' }>;

/** A change of an md array in plain words. */
export function tellRaidChanged(what: RaidChanged): Told {
  const array = visible(what.array, 40);
  const [before, after] = [visible(what.before, 200), visible(what.after, 200)];
  switch (what.change) {
    case 'array-appeared':
      return told('info', 'RaidArrayAppeared', `array ${array} is there: ${after}`);
    case 'array-vanished':
      return told('error', 'RaidArrayVanished', `array ${array} is gone; it was ${before}`);
    case 'array-state':
      return told(
        after === 'running' ? 'info' : 'error',
        'RaidArrayState',
        `array ${array} is ${after}, it was ${before}`,
      );
    case 'member-state':
      return tellMember(array, visible(what.member, 40), before, after);
    case 'missing-count':
      return tellMissing(array, Number(what.before), Number(what.after));
    case 'sync-action':
      return tellSync(array, before, after);
    case 'mismatches':
      return tellMismatches(array, Number(what.after));
    case 'unknown':
      return told('info', 'RaidChanged', `array ${array} changed in a way that this controller does not know`);
  }
}

function tellMember(array: string, member: string, before: string, after: string): Told {
  if (after === '')
    return told('warning', 'RaidMemberRemoved', `${member} was removed from array ${array} (${before})`);
  if (after === 'faulty')
    return told('error', 'RaidMemberFailed', `${member} failed in array ${array} (it was ${before})`);
  if (before === '') return told('info', 'RaidMemberAdded', `${member} was added to array ${array} (${after})`);
  return told('info', 'RaidMemberChanged', `${member} in array ${array} is ${after}, it was ${before}`);
}

function tellMissing(array: string, before: number, after: number): Told {
  if (after === 0) return told('info', 'RaidWhole', `array ${array} is whole again`);
  const lacks = `array ${array} lacks ${renderCount(after, 'member')}`;
  return after > before
    ? told('error', 'RaidDegraded', lacks)
    : told('warning', 'RaidDegraded', `${lacks}, before it were ${before}`);
}

function tellSync(array: string, before: string, after: string): Told {
  if (after === 'idle') return told('info', 'RaidSyncEnded', `the ${before} of array ${array} ended`);
  const severity = after === 'frozen' ? 'warning' : 'info';
  return told(severity, 'RaidSyncStarted', `array ${array}: ${after}${before === 'idle' ? '' : ` after ${before}`}`);
}

function tellMismatches(array: string, count: number): Told {
  if (count === 0) return told('info', 'RaidMismatches', `the members of array ${array} are equal`);
  return told('warning', 'RaidMismatches', `the members of array ${array} differ in ${renderCount(count, 'sector')}`);
}

const told = (severity: Severity, reason: string, message: string): Told => ({ severity, reason, message });
