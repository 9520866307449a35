import type { RolloutAsk, RolloutBecome, RolloutView } from '../../../proto/contract/api/rollout.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { siteId } from '../../../proto/contract/ids.js';
import { parseNodeConfig } from '../../../proto/contract/node-config/parse.js';
import { parseSelector } from '../../../proto/contract/selector.js';
import { visible } from '../../../proto/contract/visible.js';
import { covers, type Scope, scopeOf } from '../../domain/access/authorise.js';
import { DEFAULT_TERMS, type Rollout, type RolloutTerms, type RolloutWhat } from '../../domain/rollout/rollout.js';
import { assertMay, type Caller } from '../access/caller.js';
import { matchesNode } from '../node-query.js';
import type { NodeEntry, NodeTable } from '../node-table.js';
import type { Store } from '../ports.js';
import type { Rollouts } from './rollouts.js';

interface DeskDeps {
  readonly rollouts: Rollouts;
  readonly nodes: Pick<NodeTable, 'all' | 'after'>;
  readonly store: Pick<Store, 'reader'>;
}

/** What people ask of rollouts: who starts or ends one may change every node that it reaches. */
export class RolloutDesk {
  readonly #deps: DeskDeps;

  constructor(deps: DeskDeps) {
    this.#deps = deps;
  }

  /** @throws BrambleError `invalid-argument`, `permission-denied` */
  async start(ask: RolloutAsk, caller: Caller): Promise<RolloutView> {
    const { rollouts } = this.#deps;
    const what = whatOf(ask);
    const permission = what.kind === 'image' ? 'nodes.manage' : 'configs.manage';
    const entries = this.#chosen(ask, scopeOf(caller.principal, permission));
    for (const { node } of entries) assertMay(caller, permission, node.site);
    const { name, reason, dryRun } = ask;
    const wish = { name, what, reason, terms: termsOf(ask) };
    if (dryRun === true) return viewOf({ ...rollouts.plan(wish, entries, caller.actor), id: '' });
    return viewOf(await rollouts.start(wish, entries, caller.actor));
  }

  /** Newest first: those that reach a node which the caller may see. */
  async list(limit: number, caller: Caller): Promise<readonly RolloutView[]> {
    const sees = this.#sight(caller);
    return (await this.#deps.store.reader.provisioning.rollouts(limit)).filter(sees).map(viewOf);
  }

  /** @throws BrambleError `not-found` */
  async get(id: string, caller: Caller): Promise<RolloutView> {
    return viewOf(await this.#seen(id, caller));
  }

  /** @throws BrambleError `not-found`, `failed-precondition`, `permission-denied` */
  async become(id: string, { state, reason }: RolloutBecome, caller: Caller): Promise<RolloutView> {
    const { what, nodes } = await this.#seen(id, caller);
    const names = new Set(nodes.map(({ name }) => name));
    const permission = what.kind === 'image' ? 'nodes.manage' : 'configs.manage';
    for (const { node } of this.#deps.nodes.all()) {
      if (names.has(node.name)) assertMay(caller, permission, node.site);
    }
    return viewOf(await this.#deps.rollouts.become(id, state, reason, caller.actor));
  }

  /** By name: whoever starts the same twice has the same canaries. */
  #chosen({ selector, site }: RolloutAsk, scope: Scope): readonly NodeEntry[] {
    const filter = {
      kind: 'pi' as const,
      site: site === undefined ? undefined : siteId(site),
      selector: selector === undefined || selector === '' ? undefined : parseSelector(selector),
    };
    return [...this.#deps.nodes.all()]
      .filter((entry) => matchesNode(filter, entry) && covers(scope, entry.node.site))
      .toSorted((a, b) => (a.node.name < b.node.name ? -1 : 1));
  }

  async #seen(id: string, caller: Caller): Promise<Rollout> {
    const rollout = await this.#deps.rollouts.get(id);
    if (rollout !== undefined && this.#sight(caller)(rollout)) return rollout;
    throw new BrambleError('not-found', 'there was never a rollout of this id');
  }

  #sight(caller: Caller): (rollout: Rollout) => boolean {
    assertMay(caller, 'nodes.read');
    const scope = scopeOf(caller.principal, 'nodes.read');
    if (scope === 'all') return () => true;
    const seen = new Set<string>();
    for (const { node } of this.#deps.nodes.all()) if (covers(scope, node.site)) seen.add(node.name);
    return ({ nodes }) => nodes.every(({ name }) => seen.has(name));
  }
}

function whatOf({ image, config }: RolloutAsk): RolloutWhat {
  if ((image === undefined) === (config === undefined)) {
    throw new BrambleError('invalid-argument', 'a rollout is of an image or of a config');
  }
  return image === undefined ? { kind: 'config', config: parseNodeConfig(config) } : { kind: 'image', image };
}

function termsOf(ask: RolloutAsk): RolloutTerms {
  const { canaries, waves, successRatio, errorRatio, silenceMs, soakMs, parallel, windows } = ask;
  return {
    canaries: canaries ?? DEFAULT_TERMS.canaries,
    waves: waves ?? DEFAULT_TERMS.waves,
    successRatio: successRatio ?? DEFAULT_TERMS.successRatio,
    errorRatio: errorRatio ?? DEFAULT_TERMS.errorRatio,
    silenceMs: silenceMs ?? DEFAULT_TERMS.silenceMs,
    soakMs: soakMs ?? DEFAULT_TERMS.soakMs,
    parallel: parallel ?? DEFAULT_TERMS.parallel,
    windows: windows ?? DEFAULT_TERMS.windows,
  };
}

function viewOf({ id, name, what, state, wave, why, actor, reason, startedAtMs, atMs, nodes }: Rollout): RolloutView {
  const told = what.kind === 'image' ? what.image : Object.keys(what.config).join(', ');
  return {
    ...{ id, name, what: told, state, wave, why: visible(why, 500), actor, reason, startedAtMs, atMs },
    nodes: nodes.map((node) => ({
      ...{ name: node.name, wave: node.wave, state: node.state, sinceMs: node.sinceMs },
      detail: visible(node.detail, 300),
    })),
  };
}
