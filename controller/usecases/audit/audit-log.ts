import type { AuditFaultView, AuditList, AuditVerdict, AuditView } from '../../../proto/contract/api/audit.js';
import { siteId } from '../../../proto/contract/ids.js';
import { scopeOf } from '../../domain/access/authorise.js';
import { ChainCheck } from '../../domain/audit/chain.js';
import type { AuditHead, AuditRecord } from '../../domain/audit/record.js';
import { renderHex } from '../../domain/hex.js';
import { assertMay, type Caller } from '../access/caller.js';
import type { Store, Trust, World } from '../ports.js';
import { judgeHead } from './anchors.js';
import type { AuditQuery } from './ports.js';

const PAGE = 1_000;
const FAULTS_MAX = 100;

/** What agents say that they remember of this log. */
export interface RememberedHeads {
  readonly nodeName: string;
  readonly heads: readonly AuditHead[];
}

export interface AuditLogDeps {
  readonly store: Store;
  readonly world: Pick<World, 'clock'>;
  readonly trust: Pick<Trust, 'sha256'>;
  readonly remembered: () => readonly RememberedHeads[];
}

/** Reads the log for people, which is itself recorded, and checks it. */
export class AuditLog {
  readonly #deps: AuditLogDeps;

  constructor(deps: AuditLogDeps) {
    this.#deps = deps;
  }

  /** Newest first, within the caller's sites. */
  async list(query: Omit<AuditQuery, 'sites'>, caller: Caller): Promise<AuditList> {
    assertMay(caller, 'audit.read');
    const scope = scopeOf(caller.principal, 'audit.read');
    const sites = scope === 'all' ? undefined : [...scope].map(siteId);
    const found = await this.#deps.store.reader.audit.newest({ ...query, sites });
    await this.#note(caller, 'audit.read', {
      ...(query.actor === undefined ? {} : { actor: query.actor }),
      ...(query.action === undefined ? {} : { action: query.action }),
      records: found.length,
    });
    const last = found.at(-1);
    const more = found.length < query.limit || last === undefined ? {} : { nextBeforeSequence: last.sequence };
    return { records: found.map(auditView), ...more };
  }

  /** Reads the whole log, and compares it with what agents remember. */
  async verify(caller: Caller): Promise<AuditVerdict> {
    assertMay(caller, 'audit.verify');
    const { store, trust, remembered } = this.#deps;
    const { audit } = store.reader;
    const check = new ChainCheck((text) => renderHex(trust.sha256(new TextEncoder().encode(text))));
    let recordsCount = 0;
    for (let after = 0; ; ) {
      const page = await audit.after(after, PAGE);
      for (const record of page) check.take(record);
      recordsCount += page.length;
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.sequence;
    }
    const faults: AuditFaultView[] = [...check.faults];
    const agents = remembered().filter(({ heads }) => heads.length > 0);
    for (const { nodeName, heads } of agents) {
      for (const head of heads) {
        if (faults.length >= FAULTS_MAX) break;
        const fault = await judgeHead(audit, head, check.head);
        if (fault !== undefined) faults.push({ ...fault, rememberedBy: nodeName });
      }
    }
    const verdict = {
      ...{ intact: faults.length === 0, recordsCount, head: check.head },
      ...{ agentsAsked: agents.length, faults: faults.slice(0, FAULTS_MAX) },
    };
    await this.#note(caller, 'audit.verify', { intact: verdict.intact, faults: verdict.faults.length });
    return verdict;
  }

  async #note(caller: Caller, action: string, details: Readonly<Record<string, string | number | boolean>>) {
    const { store, world } = this.#deps;
    const { actor } = caller;
    await store.transact(async (writer) => {
      const base = { atMs: world.clock.nowMs(), actor, target: '', site: undefined, outcome: 'done' } as const;
      await writer.audit.add({ ...base, action, details });
    });
  }
}

function auditView(record: AuditRecord): AuditView {
  const { sequence, atMs, actor, action, target, site, outcome, details, hash } = record;
  const { name, role, source, requestId } = actor;
  const base = { sequence, atMs, actor: name, role, source, action, target, outcome, requestId, details, hash };
  return site === undefined ? base : { ...base, site };
}
