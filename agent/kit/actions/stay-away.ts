import { renderDuration } from '../../../proto/contract/words.js';
import { type ActionArguments, AwayFrom, type CommandHandler } from '../command/handler.js';
import type { Away, Back } from '../session/away.js';

type StayAway = ActionArguments<'stayAway'>;

/** Short enough that nobody is missed for long, whatever the controller says. */
const AWAY_MS = { min: 10_000, max: 600_000 } as const;
/** However long the way back takes, nothing else of this node waits longer for it. */
const RUN_LIMIT_MS = AWAY_MS.max + 300_000;

/**
 * A drill of an uplink that goes away: the session is dropped, nobody is dialled for a while, and then the agent comes back by its
 * own clock. What keeps it away is in its memory alone: an agent that dies meanwhile starts, and is back at once. It therefore never
 * runs twice, and there is nothing to take back.
 */
export function makeStayAway(): CommandHandler<StayAway> {
  return {
    requiresBootId: true,
    runLimitMs: RUN_LIMIT_MS,
    async check({ forMs, from }, { agent }) {
      if (forMs < AWAY_MS.min || forMs > AWAY_MS.max || wayOf(from) === undefined) {
        const detail = `an agent stays away for ${AWAY_MS.min} to ${AWAY_MS.max} ms, not ${forMs}`;
        return { kind: 'rejected', reason: 'invalid-argument', detail };
      }
      if (from !== AwayFrom.CURRENT || agent.addressesCount() > 1) return undefined;
      return { kind: 'rejected', reason: 'unsupported', detail: 'this agent knows one address of a controller only' };
    },
    before: async () => '',
    async run({ forMs, from }, { agent }, signal) {
      const way = wayOf(from) ?? 'all';
      const back = await agent.stayAway({ forMs, way }, signal);
      const detail = inWords(back);
      // Only the address that it was to leave answered, and that not before the drill was over.
      const isMissed = way === 'current' && back.address === back.before;
      return isMissed
        ? { kind: 'failed', detail: `no other address answered: ${detail}` }
        : { kind: 'succeeded', detail };
    },
    async observe() {
      return { kind: 'failed', detail: 'the agent ended while it stayed away, and came back as soon as it started' };
    },
  };
}

function wayOf(from: AwayFrom): Away['way'] | undefined {
  if (from === AwayFrom.ALL) return 'all';
  return from === AwayFrom.CURRENT ? 'current' : undefined;
}

function inWords({ afterMs, address, before }: Back): string {
  const where = address === before ? 'over the same address' : `over address ${address}, was ${before}`;
  return `back after ${renderDuration(afterMs)}, ${where}`;
}
