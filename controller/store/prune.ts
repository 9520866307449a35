import type { CommandState } from '../domain/command.js';
import type { PruneBefore } from '../usecases/ports.js';
import type { Query } from './query.js';

/** Commands of which there is more to hear: they stay, however old. */
const OPEN: readonly CommandState[] = ['issued', 'dispatched', 'accepted', 'started'];

/** The highest id of a fleet event that was removed. */
export const EVENTS_PRUNED_SETTING = 'events-pruned-through';

type Step = (query: Query, before: PruneBefore, limit: number) => Promise<number>;

/** In this order: boots go after the events that name them. */
const STEPS: readonly Step[] = [
  async (query, { eventsBeforeMs }, limit) => {
    const old = query.selectFrom('fleet_event').select('id').where('at_ms', '<', eventsBeforeMs);
    const rows = await query
      .deleteFrom('fleet_event')
      .where('id', 'in', old.orderBy('at_ms').limit(limit))
      .returning('id')
      .execute();
    await notePruned(query, Math.max(0, ...rows.map(({ id }) => id)));
    return rows.length;
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
  async (query, { eventsBeforeMs }, limit) => {
    const old = query.selectFrom('explain_record').select('id').where('at_ms', '<', eventsBeforeMs);
    return await deleted(query.deleteFrom('explain_record').where('id', 'in', old.orderBy('at_ms').limit(limit)));
  },
  async (query, { commandsBeforeMs }, limit) => {
    const old = query
      .selectFrom('healing_action')
      .select('id')
      .where('at_ms', '<', commandsBeforeMs)
      .where('state', 'not in', ['queued', 'running', 'unknown'])
      .orderBy('at_ms')
      .limit(limit);
    return await deleted(query.deleteFrom('healing_action').where('id', 'in', old));
  },
  async (query, { eventsBeforeMs }, limit) => {
    const old = query.selectFrom('incident').select('id').where('over_at_ms', '<', eventsBeforeMs);
    return await deleted(query.deleteFrom('incident').where('id', 'in', old.orderBy('over_at_ms').limit(limit)));
  },
  async (query, { commandsBeforeMs }, limit) => {
    const old = query.selectFrom('saga').select('id').where('at_ms', '<', commandsBeforeMs).where('is_open', '=', 0);
    return await deleted(query.deleteFrom('saga').where('id', 'in', old.orderBy('at_ms').orderBy('id').limit(limit)));
  },
];

/** Readers who come back with an older id are told that they missed something. */
async function notePruned(query: Query, throughId: number): Promise<void> {
  const name = EVENTS_PRUNED_SETTING;
  const row = await query.selectFrom('setting').select('value').where('name', '=', name).executeTakeFirst();
  if (throughId <= Number(row?.value ?? 0)) return;
  const value = String(throughId);
  const insert = query.insertInto('setting').values({ name, value });
  await insert.onConflict((conflict) => conflict.column('name').doUpdateSet({ value })).execute();
}

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
