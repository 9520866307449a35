import type { ProvisioningView } from '../../../proto/contract/api/provisioning.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import { covers, type Scope, scopeOf } from '../../domain/access/authorise.js';
import { nodeNamed } from '../../domain/provisioning/places.js';
import type { Saga } from '../../domain/provisioning/saga.js';
import { STEPS } from '../../domain/provisioning/steps.js';
import { assertMay, type Caller } from '../access/caller.js';
import type { Topologies } from '../healing/topologies.js';
import type { Store } from '../ports.js';
import type { Provisioning } from './provisioning.js';
import type { SagaAsk } from './start.js';

interface DeskDeps {
  readonly provisioning: Provisioning;
  readonly topologies: Pick<Topologies, 'written'>;
  readonly store: Pick<Store, 'reader'>;
}

/** What people ask of provisioning: whose site it is decides who may. */
export class ProvisioningDesk {
  readonly #deps: DeskDeps;

  constructor(deps: DeskDeps) {
    this.#deps = deps;
  }

  /** @throws BrambleError as Provisioning.start(), `permission-denied` */
  async start(ask: SagaAsk, dryRun: boolean, caller: Caller): Promise<ProvisioningView> {
    const { provisioning, topologies } = this.#deps;
    const known = nodeNamed(topologies.written, ask.node);
    // Whoever may not see its site does not learn that it is there.
    if (known !== undefined && !covers(this.#scope(caller), known.site)) throw unknownNode(ask.node);
    const planned = await provisioning.plan(ask, caller.actor);
    assertMay(caller, 'nodes.manage', planned.target.site);
    if (dryRun) return viewOf({ ...planned, id: '' });
    const wish = { ...ask, ...(known === undefined && { spare: planned.target.boardSerial }) };
    return viewOf(await provisioning.start(wish, caller.actor));
  }

  /** Newest first. @throws BrambleError `permission-denied` */
  async list(node: string | undefined, limit: number, caller: Caller): Promise<readonly ProvisioningView[]> {
    const scope = this.#scope(caller);
    const sagas = await this.#deps.store.reader.provisioning.sagas(node, limit);
    return sagas.filter(({ target }) => covers(scope, target.site)).map(viewOf);
  }

  /** @throws BrambleError `not-found`, `permission-denied` */
  async get(id: string, caller: Caller): Promise<ProvisioningView> {
    return viewOf(await this.#seen(id, caller));
  }

  /** @throws BrambleError `not-found`, `failed-precondition`, `permission-denied` */
  async abort(id: string, reason: string, caller: Caller): Promise<ProvisioningView> {
    const { target } = await this.#seen(id, caller);
    assertMay(caller, 'nodes.manage', target.site);
    return viewOf(await this.#deps.provisioning.abort(id, reason, caller.actor));
  }

  async #seen(id: string, caller: Caller): Promise<Saga> {
    const saga = await this.#deps.provisioning.get(id);
    if (saga !== undefined && covers(this.#scope(caller), saga.target.site)) return saga;
    throw new BrambleError('not-found', 'nothing of this id was ever under way');
  }

  #scope(caller: Caller): Scope {
    assertMay(caller, 'nodes.read');
    return scopeOf(caller.principal, 'nodes.read');
  }
}

function unknownNode(name: string): BrambleError {
  return new BrambleError('not-found', `nothing in the topology is called ${visible(name, 63)}`);
}

function viewOf(saga: Saga): ProvisioningView {
  const { id, kind, target, wish, direction, state, why, actor, reason, startedAtMs, atMs } = saga;
  const { node, site, fileserver, boardSerial: board, spare } = target;
  return {
    ...{
      id,
      kind,
      node,
      site,
      fileserver,
      board,
      image: wish.image,
      direction,
      state,
      actor,
      reason,
      startedAtMs,
      atMs,
    },
    why: visible(why, 500),
    ...(spare !== undefined && { spare: spare.serial }),
    steps: saga.steps.map(({ name, state: stepState, attempt, detail, startedAtMs: began, endedAtMs }) => ({
      ...{ name, title: STEPS[name].title, state: stepState, attempt, detail: visible(detail, 500) },
      ...(began !== undefined && { startedAtMs: began }),
      ...(endedAtMs !== undefined && { endedAtMs }),
    })),
  };
}
