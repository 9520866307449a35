import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CONTROLLER } from '../access/actor.js';
import { ChainCheck, chainAudit, judgeRemembered } from './chain.js';
import { type AuditEntry, type AuditRecord, EMPTY_HEAD } from './record.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function entry(n: number, over: Partial<AuditEntry> = {}): AuditEntry {
  const actor = { name: 'user:kim', role: 'operator', source: 'page 192.0.2.7', requestId: `r-${n}` };
  const base = { atMs: 1_000 + n, actor, action: 'node.revoke', target: `n-${n}`, site: undefined, outcome: 'done' };
  return { ...base, outcome: 'done', details: { reason: 'stolen', n }, ...over };
}

function chain(length: number): AuditRecord[] {
  const records: AuditRecord[] = [];
  for (let n = 1; n <= length; n++) records.push(chainAudit(entry(n), records.at(-1) ?? EMPTY_HEAD, sha256));
  return records;
}

function faultsOf(records: readonly AuditRecord[]) {
  const check = new ChainCheck(sha256);
  for (const record of records) check.take(record);
  return check.faults.map(({ sequence, kind }) => [sequence, kind]);
}

test('the form of a hash is fixed: a chain that was written once stays valid', () => {
  const first = chainAudit(entry(1, { actor: CONTROLLER, details: { b: 'x', a: 1 } }), EMPTY_HEAD, sha256);
  const text =
    `["bramble-audit-v1","${'0'.repeat(64)}",1,1001,["controller","controller","controller",""],` +
    '"node.revoke","n-1",null,"done",[["a",1],["b","x"]]]';
  expect(first.hash).toBe(createHash('sha256').update(text).digest('hex'));
});

test('a chain that nobody touched has no fault, of any length', () => {
  for (const length of [0, 1, 2, 50]) expect(faultsOf(chain(length))).toEqual([]);
});

describe('T-56: what was done to a log is said with the record that it was done to', () => {
  const records = chain(9);
  const at = (index: number): AuditRecord => records[index] as AuditRecord; // there are nine

  test('an edit in place', () => {
    expect(faultsOf(records.with(4, { ...at(4), target: 'n-9' }))).toEqual([[5, 'edited']]);
    expect(faultsOf(records.with(4, { ...at(4), actor: { ...at(4).actor, name: 'user:eve' } }))).toEqual([
      [5, 'edited'],
    ]);
  });

  test('an edit with a hash made anew shows at the record that follows', () => {
    const forged = chainAudit({ ...entry(5), target: 'n-9' }, at(3), sha256);
    expect(faultsOf(records.with(4, forged))).toEqual([[6, 'rewritten']]);
  });

  test('a deletion, of one and of several', () => {
    expect(faultsOf(records.toSpliced(4, 1))).toEqual([[5, 'missing']]);
    expect(faultsOf(records.toSpliced(0, 3))).toEqual([[1, 'missing']]);
  });

  test('a reorder: two records that changed places', () => {
    const swapped = records.with(3, { ...at(5), sequence: 4 }).with(5, { ...at(3), sequence: 6 });
    expect(faultsOf(swapped)).toEqual([
      [4, 'moved'],
      [5, 'rewritten'],
      [6, 'moved'],
      [7, 'rewritten'],
    ]);
  });

  test('an end that was cut off, and a past that was written anew, only by who remembers them', () => {
    expect(faultsOf(records.slice(0, 6))).toEqual([]);
    const head = at(5);
    const cut = judgeRemembered({ sequence: 9, hash: at(8).hash }, { head, hashAtSequence: undefined });
    expect(cut).toMatchObject({ kind: 'truncated', message: expect.stringContaining('3 newer records') });
    const anew = judgeRemembered({ sequence: 3, hash: 'ab'.repeat(32) }, { head, hashAtSequence: at(2).hash });
    expect(anew).toMatchObject({ kind: 'rewritten' });
    expect(judgeRemembered({ sequence: 3, hash: at(2).hash }, { head, hashAtSequence: at(2).hash })).toBeUndefined();
    expect(judgeRemembered(EMPTY_HEAD, { head, hashAtSequence: undefined })).toBeUndefined();
  });
});

test('property: a change of any field of any record is found, at that record', () => {
  const change = fc.constantFrom<(record: AuditRecord) => AuditRecord>(
    (record) => ({ ...record, atMs: record.atMs + 1 }),
    (record) => ({ ...record, action: `${record.action}x` }),
    (record) => ({ ...record, outcome: 'denied' }),
    (record) => ({ ...record, details: { ...record.details, n: -1 } }),
    (record) => ({ ...record, details: {} }),
    (record) => ({ ...record, actor: { ...record.actor, role: 'fleet-admin' } }),
    (record) => ({ ...record, previousHash: 'cd'.repeat(32) }),
    (record) => ({ ...record, hash: 'cd'.repeat(32) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 7 }), change, (index, edit) => {
      const records = chain(8);
      const touched = records.with(index, edit(records[index] as AuditRecord)); // there are eight
      expect(faultsOf(touched)[0]?.[0]).toBe(index + 1);
    }),
  );
});
