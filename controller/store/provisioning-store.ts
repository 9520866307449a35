import { BrambleError } from '../../proto/contract/errors.js';
import { isSagaOver, type Saga } from '../domain/provisioning/saga.js';
import { isRolloutOver, type Rollout } from '../domain/rollout/rollout.js';
import type { ProvisioningReader, ProvisioningWriter } from '../usecases/provisioning/ports.js';
import type { Query } from './query.js';
import { parsed } from './rows.js';

const SAGAS_MAX = 1_000;
const OPEN_MAX = 10_000;

/** Journals of provisioning: what is open, and what was. */
export class SqlProvisioningReader implements ProvisioningReader {
  protected readonly query: Query;

  constructor(query: Query) {
    this.query = query;
  }

  async openSagas(): Promise<readonly Saga[]> {
    const open = this.query.selectFrom('saga').select('record').where('is_open', '=', 1);
    return (await open.orderBy('id').limit(OPEN_MAX).execute()).map(sagaOf);
  }

  async saga(id: string): Promise<Saga | undefined> {
    const row = await this.query.selectFrom('saga').select('record').where('id', '=', id).executeTakeFirst();
    return row === undefined ? undefined : sagaOf(row);
  }

  async sagas(node: string | undefined, limit: number): Promise<readonly Saga[]> {
    const all = this.query.selectFrom('saga').select('record');
    const own = node === undefined ? all : all.where('node', '=', node);
    return (await own.orderBy('id', 'desc').limit(Math.min(limit, SAGAS_MAX)).execute()).map(sagaOf);
  }

  async openRollouts(): Promise<readonly Rollout[]> {
    const open = this.query.selectFrom('rollout').select('record').where('is_open', '=', 1);
    return (await open.orderBy('id').limit(SAGAS_MAX).execute()).map(rolloutOf);
  }

  async rollout(id: string): Promise<Rollout | undefined> {
    const row = await this.query.selectFrom('rollout').select('record').where('id', '=', id).executeTakeFirst();
    return row === undefined ? undefined : rolloutOf(row);
  }

  async rollouts(limit: number): Promise<readonly Rollout[]> {
    const newest = this.query.selectFrom('rollout').select('record').orderBy('id', 'desc');
    return (await newest.limit(Math.min(limit, SAGAS_MAX)).execute()).map(rolloutOf);
  }
}

export class SqlProvisioningWriter extends SqlProvisioningReader implements ProvisioningWriter {
  async putSaga(saga: Saga): Promise<void> {
    const { id, target, atMs } = saga;
    const isOpen = isSagaOver(saga) ? 0 : 1;
    const open = this.query.selectFrom('saga').select('id').where('node', '=', target.node).where('is_open', '=', 1);
    const other = isOpen === 1 ? await open.where('id', '!=', id).executeTakeFirst() : undefined;
    // Asked first: a failed insert would end the whole transaction on databases stricter than SQLite.
    if (other !== undefined) {
      throw new BrambleError('already-exists', `something else is under way with ${target.node}`, {
        hint: `bramble node steps ${target.node} shows it; abort it, or wait for its end`,
      });
    }
    const rest = { node: target.node, is_open: isOpen, at_ms: Math.round(atMs), record: JSON.stringify(saga, nulls) };
    const insert = this.query.insertInto('saga').values({ id, ...rest });
    await insert.onConflict((conflict) => conflict.column('id').doUpdateSet(rest)).execute();
  }

  async putRollout(rollout: Rollout): Promise<void> {
    const { id, atMs } = rollout;
    const isOpen = isRolloutOver(rollout) ? 0 : 1;
    const rest = { is_open: isOpen, at_ms: Math.round(atMs), record: JSON.stringify(rollout, nulls) };
    const insert = this.query.insertInto('rollout').values({ id, ...rest });
    await insert.onConflict((conflict) => conflict.column('id').doUpdateSet(rest)).execute();
  }
}

function rolloutOf({ record }: { readonly record: string }): Rollout {
  const rollout = parsed<Rollout>(record);
  return { ...rollout, waveEndedAtMs: rollout.waveEndedAtMs ?? undefined };
}

/** JSON has no `undefined`, and a journal has every field: null stands for it in the text alone. */
function nulls(_key: string, value: unknown): unknown {
  return value === undefined ? null : value;
}

function sagaOf({ record }: { readonly record: string }): Saga {
  const saga = parsed<Saga>(record);
  const { target, steps } = saga;
  return {
    ...saga,
    target: { ...target, spare: target.spare ?? undefined },
    steps: steps.map((step) => ({
      ...step,
      startedAtMs: step.startedAtMs ?? undefined,
      endedAtMs: step.endedAtMs ?? undefined,
    })),
  };
}
