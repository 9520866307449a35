import { type AuditEntry, type AuditHead, type AuditRecord, EMPTY_HEAD } from './record.js';

/** SHA-256 of a text in UTF-8, lower-case hex. */
export type Sha256 = (text: string) => string;

/** Told apart from every other hash that is made here; a new form of records gets a new one. */
const DOMAIN = 'bramble-audit-v1';

/** The entry as the next record after `head`. */
export function chainAudit(entry: AuditEntry, head: AuditHead, sha256: Sha256): AuditRecord {
  const sequence = head.sequence + 1;
  const previousHash = head.hash;
  return { ...entry, sequence, previousHash, hash: hashOf({ ...entry, sequence, previousHash }, sha256) };
}

/** H(previous ‖ canonical record), lower-case hex. */
export function hashOf(record: Omit<AuditRecord, 'hash'>, sha256: Sha256): string {
  return sha256(canonical(record));
}

/**
 * One text for one record: a JSON array, so that no field can flow into the next, with the details in the order of their
 * names. Changing it breaks every chain there is.
 */
function canonical(record: Omit<AuditRecord, 'hash'>): string {
  const { actor, details } = record;
  const sorted = Object.entries(details).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([
    DOMAIN,
    record.previousHash,
    record.sequence,
    record.atMs,
    [actor.name, actor.role, actor.source, actor.requestId],
    record.action,
    record.target,
    record.site ?? null,
    record.outcome,
    sorted,
  ]);
}

/** What is wrong with a chain, and where. */
export interface AuditFault {
  /** The first record that is concerned. */
  readonly sequence: number;
  readonly kind: 'edited' | 'missing' | 'moved' | 'truncated' | 'rewritten';
  /** For people. */
  readonly message: string;
}

const FAULTS_MAX = 100;

/** Reads a log in ascending order, a page at a time, and says where it is not what was once written. */
export class ChainCheck {
  readonly faults: AuditFault[] = [];
  readonly #sha256: Sha256;
  #last: AuditHead = EMPTY_HEAD;

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  /** The newest record that was read. */
  get head(): AuditHead {
    return this.#last;
  }

  take(record: AuditRecord): void {
    const { sequence, previousHash, hash } = record;
    const expected = this.#last.sequence + 1;
    const isNext = sequence === expected;
    if (!isNext) this.#missing(expected, sequence - 1);
    const isWhole = hashOf(record, this.#sha256) === hash;
    const isLinked = previousHash === this.#last.hash;
    if (!isWhole) {
      // The link shows whether the fields were changed in place or the record is another one.
      this.#fault(sequence, isLinked || !isNext ? 'edited' : 'moved', isLinked ? EDITED : MOVED);
    } else if (isNext && !isLinked) {
      this.#fault(
        sequence,
        'rewritten',
        `it does not continue record ${expected - 1}, which was replaced or is not its own`,
      );
    }
    this.#last = { sequence, hash };
  }

  #missing(from: number, through: number): void {
    if (through < from) this.#fault(from, 'moved', 'the order of the records was changed here');
    else this.#fault(from, 'missing', from === through ? 'it is missing' : `${from} to ${through} are missing`);
  }

  #fault(sequence: number, kind: AuditFault['kind'], message: string): void {
    if (this.faults.length < FAULTS_MAX) this.faults.push({ sequence, kind, message });
  }
}

const EDITED = 'it is not what was written: its own hash does not fit';
const MOVED = 'another record stands in its place: neither its hash nor its link fits';

/** A head that somebody else remembers, against what the log says now; `undefined` = they agree. */
export function judgeRemembered(
  remembered: AuditHead,
  at: { readonly head: AuditHead; readonly hashAtSequence: string | undefined },
): Omit<AuditFault, 'sequence'> | undefined {
  if (remembered.sequence === 0 || at.hashAtSequence === remembered.hash) return undefined;
  if (remembered.sequence > at.head.sequence) {
    const count = remembered.sequence - at.head.sequence;
    return { kind: 'truncated', message: `the log ends at ${at.head.sequence}: ${count} newer records are gone` };
  }
  return {
    kind: 'rewritten',
    message: 'it was another one when it was remembered: the log was rewritten here or before',
  };
}
