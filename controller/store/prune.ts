import type { CommandState } from '../domain/command.js';
import type { PruneBefore } from '../usecases/ports.js';
import type { Query } from './query.js';

/** Commands of which there is more to hear: they stay, however old. */
const OPEN: readonly CommandState[] = ['issued', 'dispatched', 'accepted', 'started'];

type Step = (query: Query, before: PruneBefore, limit: number) => Promise<number>;

/** In this order: boots go after the events that name them. */
const STEPS: readonly Step[] = [
  async (query, { eventsBeforeMs }, limit) => {
    const old = query.selectFrom('fleet_event').select('id').where('at_ms', '<', eventsBeforeMs);
    return await deleted(query.deleteFrom('fleet_event').where('id', 'in', old.orderBy('at_ms').limit(limit)));
  },
  async (query, { agentEventsBeforeMs }, limit) => {
    const old = query.selectFrom('agent_event').select('id').where('at_ms', '<', agentEventsBeforeMs);
    return await deleted(query.deleteFrom('agent_event').where('id', 'in', old.orderBy('at_ms').limit(limit)));
  },
  async (query, { agentEventsBeforeMs }, limit) => {
    const old = query.selectFrom('agent_boot').select('id').where('last_event_at_ms', '<', agentEventsBeforeMs);
    const unused = old.where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('agent_event').select('agent_event.id').whereRef('boot', '=', 'agent_boot.id'))),
    );
    const oldest = unused.orderBy('last_event_at_ms').limit(limit);
    return await deleted(query.deleteFrom('agent_boot').where('id', 'in', oldest));
  },
  async (query, { commandsBeforeMs }, limit) => {
    const old = query
      .selectFrom('command')
      .select('id')
      .where('updated_at_ms', '<', commandsBeforeMs)
      .where('state', 'not in', OPEN) // 'in' the others would be looked up by state, and sorted by age
      .orderBy('updated_at_ms')
      .orderBy('id')
      .limit(limit);
    await query.insertInto('pruned_command').columns(['id']).expression(old).execute();
    return await deleted(query.deleteFrom('command').where('id', 'in', old));
  },
  async (query, { historyBeforeMs }, limit) => {
    const old = query.selectFrom('history').select('id').where('to_ms', '<', historyBeforeMs);
    return await deleted(query.deleteFrom('history').where('id', 'in', old.orderBy('to_ms').limit(limit)));
  },
];

/** Deletes at most `limit` rows in all; 0 when nothing is old enough. */
export async function prune(query: Query, before: PruneBefore, limit: number): Promise<number> {
  let count = 0;
  for (const step of STEPS) {
    if (count < limit) count += await step(query, before, limit - count);
  }
  return count;
}

async function deleted(deletion: {
  executeTakeFirst(): Promise<{ readonly numDeletedRows: bigint }>;
}): Promise<number> {
  return Number((await deletion.executeTakeFirst()).numDeletedRows);
}
