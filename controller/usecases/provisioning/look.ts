import type { NodeBootView } from '../../../proto/contract/api/boot.js';
import { commandId } from '../../../proto/contract/ids.js';
import type { Outcome } from '../../domain/provisioning/advance.js';
import { deedOf, stepOf } from '../../domain/provisioning/orders.js';
import { type BootSight, bootOutcome, commandOutcome, configOutcome } from '../../domain/provisioning/outcome.js';
import type { Saga, StepRecord } from '../../domain/provisioning/saga.js';
import type { Boards } from '../boards.js';
import { isEntryWell } from '../entry-health.js';
import type { NodeEntry, NodeTable } from '../node-table.js';
import type { StoreReader } from '../ports.js';
import { agentsFor } from './agents.js';

/** Clocks are joined to the second, and a board may ask before its switch has told that it has power. */
const SLACK_MS = 15_000;

export interface LookDeps {
  readonly reader: StoreReader;
  readonly nodes: NodeTable;
  readonly boards: Pick<Boards, 'all' | 'bootOf' | 'startsSince'>;
  readonly entryOf: (name: string) => NodeEntry | undefined;
  /** By the policy in force: how long a node must be well before it counts as verified. */
  readonly verifyForMs: () => number;
}

/** Looks at what became of steps that are under way. */
export class Looks {
  readonly #deps: LookDeps;
  /** By saga: since when its node is well without a break, and in which boot. A new process waits anew. */
  readonly #well = new Map<string, { readonly sinceMs: number; readonly bootId: string }>();

  constructor(deps: LookDeps) {
    this.#deps = deps;
  }

  forget(id: string): void {
    this.#well.delete(id);
  }

  /** @param nowMs of the clock that the journal goes by */
  async outcome(saga: Saga, at: number, nowMs: number): Promise<Outcome | undefined> {
    const step = saga.steps[at];
    if (step === undefined || (step.state !== 'running' && step.state !== 'undoing')) return undefined;
    const way = step.state === 'running' ? 'do' : 'undo';
    const { kind } = deedOf(saga, { at, way, attempt: step.attempt });
    switch (kind) {
      case 'command':
      case 'ports':
        return commandOutcome(await this.#deps.reader.command(commandId(step.token)), way, nowMs);
      case 'boot-set':
        return this.#config(saga, Number(step.token));
      case 'look':
        return bootOutcome(step, this.#boot(saga, step, nowMs), { nowMs, verifyForMs: this.#deps.verifyForMs() });
      default:
        return undefined;
    }
  }

  #config({ target }: Saga, revision: number): Outcome {
    const entry = agentsFor(this.#deps.nodes, target).fileserver;
    return configOutcome(revision, { reached: entry?.desiredRevisionReached ?? 0, tried: entry?.desiredTry });
  }

  #boot(saga: Saga, step: StepRecord, nowMs: number): BootSight {
    const entry = this.#deps.entryOf(saga.target.node);
    const power = powerBefore(saga, step);
    const { stage, bootsCount, words } = this.#stage(saga, power?.startedAtMs ?? nowMs, entry);
    const isNewBoot = entry !== undefined && entry.bootId !== '' && entry.bootId !== power?.before;
    const isWell = entry !== undefined && isNewBoot && isEntryWell(withoutLoop(entry));
    const wellSinceMs = this.#wellSince(saga.id, isWell ? entry.bootId : undefined, nowMs);
    return { stage, bootsCount, isNewBoot, isWell, wellSinceMs, isEnrolled: entry !== undefined, words };
  }

  #wellSince(id: string, bootId: string | undefined, nowMs: number): number | undefined {
    const known = this.#well.get(id);
    if (bootId === undefined) this.#well.delete(id);
    else if (known?.bootId !== bootId) this.#well.set(id, { sinceMs: nowMs, bootId });
    return this.#well.get(id)?.sinceMs;
  }

  #stage(saga: Saga, sinceMs: number, entry: NodeEntry | undefined) {
    const { fileserver, boardSerial, spare } = saga.target;
    const serial = spare?.serial ?? boardSerial;
    const own = this.#deps.boards.all().find((board) => board.fileserverName === fileserver && board.serial === serial);
    const isThisBoot = own !== undefined && own.startedAtMs >= sinceMs - SLACK_MS;
    const words = wordsOf(isThisBoot && entry !== undefined ? this.#deps.boards.bootOf(entry) : undefined);
    const server = agentsFor(this.#deps.nodes, saga.target).fileserver;
    // To the moment: what it did before it lost its power counts for nothing.
    const bootsCount = server === undefined ? 0 : this.#deps.boards.startsSince(server, serial, sinceMs);
    return { stage: isThisBoot ? own.stage : undefined, bootsCount, words };
  }
}

const wordsOf = (view: NodeBootView | undefined): string => view?.words ?? 'Its fileserver has not seen it ask yet.';

/**
 * Its boots of the last while are those of the root before, and of this change. Whether it starts again and again from here on is seen
 * by its boot id: being well begins anew with each.
 */
function withoutLoop(entry: NodeEntry): Parameters<typeof isEntryWell>[0] {
  const { liveness, hasReported, conditions } = entry;
  return { liveness, hasReported, conditions: conditions.filter(({ rule }) => rule.type !== 'BootLoop') };
}

/** The step that gave it power before this one. */
function powerBefore({ steps }: Saga, step: StepRecord): StepRecord | undefined {
  const at = steps.indexOf(step);
  return stepOf({ steps: steps.slice(0, at) }, 'power-on');
}
