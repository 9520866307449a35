import type { PolicyView } from '../../../proto/contract/api/healing.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import type { Actor } from '../../domain/access/actor.js';
import { DEFAULT_POLICY, type HealingPolicy } from '../../domain/healing/policy.js';
import type { Log, Store, StoreReader, World } from '../ports.js';
import type { PolicyRecord } from './ports.js';

/** Reads a policy as an operator writes it. @throws BrambleError `invalid-argument` with every problem and its path */
export type ParsePolicy = (text: string, from: string) => HealingPolicy;

interface PolicyDeps {
  readonly store: Store;
  readonly world: Pick<World, 'clock'> & { readonly log: Log };
  readonly parse: ParsePolicy;
  readonly onCommitted: () => void;
}

/** Before anybody has set one: all brakes on, and nothing but watching. */
const UNTOLD: HealingPolicy = { ...DEFAULT_POLICY, mode: 'shadow' };

/** What healing goes by: every policy that is put in force is a revision, with who and why. */
export class Policies {
  readonly #deps: PolicyDeps;
  #record: PolicyRecord | undefined;
  #policy: HealingPolicy = UNTOLD;

  constructor(deps: PolicyDeps) {
    this.#deps = deps;
  }

  /** A stored policy that this version cannot read is not guessed at: healing only watches until somebody sets another. */
  async load(reader: StoreReader): Promise<void> {
    const [newest] = await reader.healing.policies(1);
    this.#record = newest;
    if (newest === undefined) return;
    try {
      this.#policy = this.#deps.parse(newest.text, `policy ${newest.revision}`);
    } catch (thrown) {
      this.#deps.world.log.error({ err: thrown }, 'the healing policy cannot be read: healing only watches');
    }
  }

  get policy(): HealingPolicy {
    return this.#policy;
  }

  get revision(): number {
    return this.#record?.revision ?? 0;
  }

  view(): PolicyView {
    const { name, version, hash, mode } = this.#policy;
    const record = this.#record;
    const base = { revision: this.revision, name, version, hash, mode, text: record?.text ?? '' };
    return record === undefined ? base : { ...base, atMs: record.atMs, actor: record.actor };
  }

  /** Newest first. */
  async history(limit: number): Promise<readonly PolicyView[]> {
    return (await this.#deps.store.reader.healing.policies(limit)).map((record) => {
      const { revision, text, atMs, actor } = record;
      const { name, version, hash, mode } = this.#read(record);
      return { revision, name, version, hash, mode, text, atMs, actor };
    });
  }

  /** In force from the next pass on. @throws BrambleError `invalid-argument`, `failed-precondition` (an older version) */
  async set(text: string, reason: string, actor: Actor): Promise<PolicyView> {
    const { store, world, parse, onCommitted } = this.#deps;
    const policy = parse(text, 'the policy');
    const record = await store.transact(async (writer) => {
      const [newest] = await writer.healing.policies(1);
      const before = newest === undefined ? undefined : this.#read(newest);
      if (
        before !== undefined &&
        before.name === policy.name &&
        policy.version <= before.version &&
        newest?.text !== text
      ) {
        throw new BrambleError('failed-precondition', `${policy.name} is at version ${before.version} already`, {
          hint: 'a changed policy has a higher version, so that records name what was in force',
        });
      }
      const atMs = world.clock.nowMs();
      const next = { revision: (newest?.revision ?? 0) + 1, text, atMs, actor: visible(actor.name, 80) };
      await writer.healing.addPolicy(next);
      const what = `${policy.name} ${policy.version} (${policy.hash}, ${policy.mode})`;
      const message = `${next.actor} put healing policy ${what} in force: ${visible(reason, 500)}`;
      await writer.addFleetEvent({ atMs, nodeId: undefined, severity: 'info', reason: 'HealingPolicySet', message });
      const details = { revision: next.revision, hash: policy.hash, mode: policy.mode, reason };
      const done = { atMs, actor, target: policy.name, site: undefined, outcome: 'done', details } as const;
      await writer.audit.add({ ...done, action: 'healing.policy' });
      return next;
    });
    this.#record = record;
    this.#policy = policy;
    onCommitted();
    return this.view();
  }

  #read(record: PolicyRecord): HealingPolicy {
    try {
      return this.#deps.parse(record.text, `policy ${record.revision}`);
    } catch {
      return { ...UNTOLD, hash: 'unreadable' }; // of another version of this program
    }
  }
}
