import { BrambleError } from '../../../proto/contract/errors.js';
import type { Actor } from '../../domain/access/actor.js';
import { configOutcome } from '../../domain/provisioning/outcome.js';
import type { RolloutOrder, RolloutSight } from '../../domain/rollout/advance-rollout.js';
import type { Rollout, RolloutNode } from '../../domain/rollout/rollout.js';
import { isEntryWell } from '../entry-health.js';
import type { Prepared } from '../mutation.js';
import type { NodeConfigs } from '../node-configs.js';
import type { NodeEntry } from '../node-table.js';
import type { StoreWriter } from '../ports.js';
import type { Provisioning } from '../provisioning/provisioning.js';

export interface RolloutMeansDeps {
  readonly sagas: Pick<Provisioning, 'startIn' | 'get'>;
  readonly configs: Pick<NodeConfigs, 'setIn'>;
  /** The enrolled Pi of this name. */
  readonly entryOf: (name: string) => NodeEntry | undefined;
}

interface Begun {
  readonly changed: Partial<Pick<RolloutNode, 'token' | 'before'>>;
  readonly prepared: Prepared<unknown> | undefined;
}

const PENDING: RolloutSight = { outcome: 'pending', detail: '' };

/** How a node gets what is rolled out, how it goes back, and how one finds out. */
export class RolloutMeans {
  readonly #deps: RolloutMeansDeps;

  constructor(deps: RolloutMeansDeps) {
    this.#deps = deps;
  }

  async sights(rollout: Rollout): Promise<ReadonlyMap<string, RolloutSight>> {
    const sights = new Map<string, RolloutSight>();
    for (const node of rollout.nodes) {
      if (node.state === 'succeeded' && node.wave === rollout.wave) sights.set(node.name, this.#health(node));
      if (node.state !== 'running' && node.state !== 'taking-back') continue;
      const isImage = rollout.what.kind === 'image';
      sights.set(node.name, isImage ? await this.#ofSaga(node) : this.#ofConfig(node));
    }
    return sights;
  }

  /** @throws BrambleError when it cannot be begun */
  async begin(
    writer: StoreWriter,
    rollout: Rollout,
    { node, way }: { readonly node: RolloutNode; readonly way: RolloutOrder['way'] },
  ): Promise<Begun> {
    return rollout.what.kind === 'image'
      ? await this.#image(writer, rollout, { node, way, image: rollout.what.image })
      : await this.#config(writer, rollout, { node, way });
  }

  async #image(
    writer: StoreWriter,
    rollout: Rollout,
    asked: { readonly node: RolloutNode; readonly way: RolloutOrder['way']; readonly image: string },
  ): Promise<Begun> {
    const { node, way, image } = asked;
    const reason = `rollout ${rollout.name}: ${rollout.reason}`;
    if (way === 'take-back') {
      const saga = node.token === '' ? undefined : await this.#deps.sagas.get(node.token);
      // It went back by itself, or is about to.
      if (saga === undefined || saga.state !== 'succeeded') return { changed: {}, prepared: undefined };
    }
    const kind = way === 'apply' ? ('reimage' as const) : ('rollback' as const);
    const ask = { kind, node: node.name, image, reason, owner: `rollout ${rollout.id}` };
    const prepared = await this.#deps.sagas.startIn(writer, ask, actorOf(rollout));
    return { changed: { token: prepared.saga.id }, prepared };
  }

  async #config(
    writer: StoreWriter,
    rollout: Rollout,
    { node, way }: { readonly node: RolloutNode; readonly way: RolloutOrder['way'] },
  ): Promise<Begun> {
    const entry = this.#deps.entryOf(node.name);
    if (entry === undefined || rollout.what.kind !== 'config') {
      throw new BrambleError('not-found', `no node called ${node.name} is enrolled`);
    }
    const { id } = entry.node;
    const [newest] = await writer.nodeConfigs(id, { limit: 1 });
    const former = way === 'apply' ? newest : await writer.nodeConfig(id, Number(node.before));
    const config = way === 'apply' ? { ...newest?.config, ...rollout.what.config } : (former?.config ?? {});
    const reason = `${way === 'apply' ? '' : 'taken back: '}rollout ${rollout.name}: ${rollout.reason}`;
    const wish = { config, expectedRevision: newest?.revision ?? 0, reason };
    const prepared = await this.#deps.configs.setIn(writer, entry, { wish, actor: actorOf(rollout) });
    const token = String(prepared.record.revision);
    return { changed: way === 'apply' ? { token, before: String(newest?.revision ?? 0) } : { token }, prepared };
  }

  async #ofSaga({ token, state }: RolloutNode): Promise<RolloutSight> {
    const saga = token === '' ? undefined : await this.#deps.sagas.get(token);
    if (saga === undefined) return { outcome: 'failed', detail: 'it is not on record any more' };
    if (saga.state === 'running') return { ...PENDING, detail: saga.why };
    const isBack = state === 'taking-back' && saga.kind === 'reimage';
    const isGood = isBack ? saga.state === 'undone' : saga.state === 'succeeded';
    return isGood ? { outcome: 'done', detail: '' } : { outcome: 'failed', detail: saga.why };
  }

  #ofConfig({ name, token }: RolloutNode): RolloutSight {
    const entry = this.#deps.entryOf(name);
    if (entry === undefined) return { outcome: 'failed', detail: 'it is not enrolled any more' };
    const told = { reached: entry.desiredRevisionReached, tried: entry.desiredTry };
    const { kind, detail } = configOutcome(Number(token), told);
    if (kind === 'done') return isEntryWell(entry) ? { outcome: 'done', detail } : PENDING;
    return { outcome: kind, detail };
  }

  /** It has it and was well: silence and trouble afterwards speak against it. */
  #health({ name }: RolloutNode): RolloutSight {
    const entry = this.#deps.entryOf(name);
    if (entry?.liveness === 'silent') return { outcome: 'failed', detail: 'it fell silent' };
    const isIll = entry !== undefined && entry.liveness === 'fresh' && !isEntryWell(entry);
    return isIll ? { outcome: 'failed', detail: 'it is in trouble' } : PENDING;
  }
}

function actorOf({ actor }: Rollout): Actor {
  return { name: actor, role: 'rollout', source: 'controller', requestId: '' };
}
