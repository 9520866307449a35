import type {
  BatchAnswer,
  BatchError,
  BatchOperation,
  BatchRequest,
  BatchResult,
} from '../../proto/contract/api/batch.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { nodeId, siteId } from '../../proto/contract/ids.js';
import { renderCount } from '../../proto/contract/words.js';
import type { Actor } from '../domain/access/actor.js';
import type { MaintenanceScope } from '../domain/maintenance.js';
import { type Changes, type FleetParts, mapAnswer } from './changes.js';
import { maintenanceView } from './fleet-view.js';
import { isStoreTrouble } from './journal.js';
import type { Maintenances } from './maintenance.js';
import type { Prepared } from './mutation.js';
import type { Store, StoreWriter } from './ports.js';
import type { Sites } from './sites.js';

export interface BatchDeps {
  readonly store: Store;
  readonly sites: Sites;
  readonly changes: Changes;
  readonly maintenances: Maintenances;
  readonly parts: Pick<FleetParts, 'tokens' | 'enrollments'>;
}

type Outcome = Omit<BatchResult, 'index' | 'op'>;

/**
 * All operations in one transaction, in their order, each seeing what those before it did. When any is refused the others
 * are tried all the same, so that every obstacle is told at once, and nothing is kept.
 * @throws BrambleError with the code of the first refusal, and all of them in `details.errors`
 */
export async function runBatch(
  deps: BatchDeps,
  { dryRun, operations }: BatchRequest,
  actor: Actor,
): Promise<BatchAnswer> {
  let prepared: Prepared<Outcome>[] = [];
  const forget = (): void => {
    for (const one of prepared.toReversed()) one.undone?.();
    prepared = [];
  };
  try {
    await deps.store.transact(async (writer) => {
      forget(); // of an earlier run of this transaction
      await tryEach(operations, async (operation) => {
        prepared.push(await prepare(deps, writer, { operation, actor }));
      });
      if (dryRun) throw new DryRun();
    });
  } catch (thrown) {
    forget();
    if (!(thrown instanceof DryRun)) throw thrown;
    return { dryRun, results: operations.map(({ op }, index) => ({ index, op })) };
  }
  const results: BatchResult[] = [];
  for (const [index, { op }] of operations.entries()) {
    results.push({ index, op, ...(await prepared[index]?.committed()) });
  }
  return { dryRun, results };
}

/**
 * Tries every operation, so that every obstacle is found.
 * @throws BrambleError with the code of the first, and all of them in `details.errors`
 */
export async function tryEach(
  operations: readonly BatchOperation[],
  attempt: (operation: BatchOperation) => Promise<void>,
): Promise<void> {
  const errors: BatchError[] = [];
  let first: BrambleError | undefined;
  for (const [index, operation] of operations.entries()) {
    try {
      await attempt(operation);
    } catch (thrown) {
      const error = BrambleError.from(thrown);
      if (isNoRefusal(error)) throw error;
      first ??= error;
      errors.push(batchError(index, operation, error));
    }
  }
  if (first !== undefined) throw refusal(first, errors, operations.length);
}

/** Undoes what was tried; never leaves this file. */
class DryRun extends Error {}

/** A bug, or the store: nothing that another look at the operations would mend. Wrong states and requests are refusals. */
function isNoRefusal(error: BrambleError): boolean {
  if (error.code === 'failed-precondition') return false;
  return error.code === 'internal' || isStoreTrouble(error);
}

function batchError(index: number, { op }: BatchOperation, { code, message, hint, details }: BrambleError): BatchError {
  const field = fieldOf(details);
  return {
    index,
    op,
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(field === undefined ? {} : { field }),
  };
}

function fieldOf(details: BrambleError['details']): string | undefined {
  const fields = details?.['fields'];
  const first: unknown = Array.isArray(fields) ? fields[0] : undefined;
  if (typeof first !== 'object' || first === null || !('field' in first)) return undefined;
  return typeof first.field === 'string' ? first.field : undefined;
}

function refusal(first: BrambleError, errors: readonly BatchError[], count: number): BrambleError {
  const index = errors[0]?.index ?? 0;
  const how = `${errors.length} of ${renderCount(count, 'operation')} cannot be done, so none was`;
  return new BrambleError(first.code, `${how}; operation ${index}: ${first.message}`, {
    hint: 'details.errors has every obstacle; mend them and send the batch again',
    context: first.context,
    details: { errors },
  });
}

/** One operation's first half. @throws BrambleError when it cannot be done */
async function prepare(
  deps: BatchDeps,
  writer: StoreWriter,
  { operation, actor }: { readonly operation: BatchOperation; readonly actor: Actor },
): Promise<Prepared<Outcome>> {
  const { sites, changes, maintenances, parts } = deps;
  switch (operation.op) {
    case 'create-site':
      return mapAnswer(await sites.createIn(writer, operation.create, actor), (site) => ({ site }));
    case 'change-site': {
      const { site: name, change, revision } = operation;
      const prepared = await sites.changeIn(writer, { id: siteId(name), change, revision }, actor);
      return mapAnswer(prepared, (site) => ({ site }));
    }
    case 'delete-site': {
      const { site: name, revision } = operation;
      return mapAnswer(await sites.removeIn(writer, { id: siteId(name), revision }, actor), (site) => ({ site }));
    }
    case 'change-node': {
      const { change, revision } = operation;
      const prepared = await changes.changeNode(writer, { id: nodeId(operation.node), change, revision }, actor);
      return mapAnswer(prepared, (node) => ({ node }));
    }
    case 'start-maintenance': {
      const prepared = await maintenances.startIn(writer, maintenanceScopeOf(operation.scope), operation.start, actor);
      return mapAnswer(prepared, (maintenance) => ({ maintenance: maintenanceView(maintenance) }));
    }
    case 'end-maintenance':
      return mapAnswer(await maintenances.endIn(writer, maintenanceScopeOf(operation.scope), actor), () => ({}));
    case 'issue-command': {
      const { create } = operation;
      const prepared = await changes.issueCommand(writer, { id: nodeId(operation.node), create }, actor);
      return mapAnswer(prepared, (command) => ({ command }));
    }
    case 'revoke-node': {
      const asked = { id: nodeId(operation.node), reason: operation.reason };
      return mapAnswer(await changes.revokeNode(writer, asked, actor), (node) => ({ node }));
    }
    case 'thaw-node': {
      const asked = { id: nodeId(operation.node), reason: operation.reason };
      return mapAnswer(await changes.thawNode(writer, asked, actor), (node) => ({ node }));
    }
    case 'approve-enrollment': {
      const { fingerprint, approve } = operation;
      const prepared = await changes.approveEnrollment(writer, { fingerprint, ...approve }, actor);
      return mapAnswer(prepared, (enrollment) => ({ enrollment }));
    }
    case 'reject-enrollment':
      return mapAnswer(await parts.enrollments.rejectIn(writer, operation, actor), (enrollment) => ({ enrollment }));
    case 'revoke-token':
      return mapAnswer(await parts.tokens.revokeTokenIn(writer, operation.token, actor), (token) => ({ token }));
  }
}

export function maintenanceScopeOf(scope: { readonly node: string } | { readonly site: string }): MaintenanceScope {
  return 'node' in scope ? { kind: 'node', nodeId: nodeId(scope.node) } : { kind: 'site', site: siteId(scope.site) };
}
