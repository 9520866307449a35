/** What every Store does, whatever database is behind it. Written against the port alone. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store, StoreWriter } from '../../usecases/ports.js';
import { describeAccess } from './conformance-access.js';
import { describeIncidents } from './conformance-incidents.js';
import { describeOperators } from './conformance-operators.js';
import { describeOverlay } from './conformance-overlay.js';
import { describeProvisioning } from './conformance-provisioning.js';
import { describeRecords } from './conformance-records.js';
import { describeSwitches } from './conformance-switches.js';
import { describeModel } from './model.js';
import type { StoreOpener } from './opener.js';
import { nodeIdOf, sampleFleetEvent, sampleNode } from './samples.js';

export function describeStore(name: string, opener: StoreOpener): void {
  describe(name, () => {
    let store: Store;
    beforeEach(async () => {
      store = await opener.open();
    });
    afterEach(async () => {
      await store.close();
      await opener.cleanUp();
    });
    describeTransactions(() => store);
    describeRecords(() => store);
    describeAccess(() => store);
    describeOperators(() => store);
    describeOverlay(() => store);
    describeSwitches(() => store);
    describeIncidents(() => store);
    describeProvisioning(() => store);
    describeModel(opener);
  });
}

function describeTransactions(current: () => Store): void {
  test('a transaction that throws leaves nothing behind and hands its error to the caller', async () => {
    const store = current();
    const failing = store.transact(async (writer) => {
      await writer.putNode(sampleNode(1));
      await writer.addFleetEvent(sampleFleetEvent(1));
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    expect(await store.reader.nodes()).toEqual([]);
    expect(await store.reader.eventsNewest(undefined, { limit: 10 })).toEqual([]);
  });

  test('of transactions that wait together, the one that throws is undone alone', async () => {
    const store = current();
    const outcomes = await Promise.allSettled(
      [1, 2, 3, 4, 5].map((n) =>
        store.transact(async (writer) => {
          await writer.putNode(sampleNode(n));
          if (n % 2 === 0) throw new Error('no');
          return n;
        }),
      ),
    );
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect((await store.reader.nodes()).map(({ id }) => id)).toEqual([1, 3, 5].map(nodeIdOf));
  });

  test('transactions run one after the other, in the order of asking', async () => {
    const store = current();
    await Promise.all(
      Array.from({ length: 50 }, () =>
        store.transact(async (writer) => {
          const count = Number((await writer.setting('count')) ?? 0);
          await writer.putSetting('count', String(count + 1));
          await writer.putSetting(`seen-${count}`, 'yes');
        }),
      ),
    );
    expect(await store.reader.setting('count')).toBe('50');
    expect(await store.reader.setting('seen-49')).toBe('yes');
  });

  test('a writer reads what it wrote; a reader does not before the commit', async () => {
    const store = current();
    let outside: Promise<unknown> = Promise.resolve();
    await store.transact(async (writer) => {
      await writer.putSetting('a', '1');
      expect(await writer.setting('a')).toBe('1');
    });
    let startReading: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      startReading = resolve;
    });
    const transaction = store.transact(async (writer) => {
      await writer.putSetting('a', '2');
      startReading();
      expect(await writer.setting('a')).toBe('2');
      throw new Error('undone');
    });
    outside = asked.then(() => store.reader.setting('a'));
    await expect(transaction).rejects.toThrow('undone');
    expect(await outside).toBe('1');
  });

  test('what a resolved transaction wrote is there for every reader', async () => {
    const store = current();
    for (let n = 1; n <= 20; n++) {
      await store.transact((writer) => writer.putSetting('n', String(n)));
      expect(await store.reader.setting('n')).toBe(String(n));
    }
  });

  test('a writer that leaked out of its transaction throws', async () => {
    const store = current();
    let leaked: StoreWriter | undefined;
    await store.transact(async (writer) => {
      leaked = writer;
      await writer.putSetting('a', '1');
    });
    await expect(leaked?.putSetting('a', '2')).rejects.toThrow('used after its transaction');
    await expect(leaked?.setting('a')).rejects.toThrow('used after its transaction');
    expect(await store.reader.setting('a')).toBe('1');
  });

  test('a closed store has settled what it took and takes no more', async () => {
    const store = current();
    const taken = Promise.all([1, 2, 3].map((n) => store.transact((writer) => writer.putNode(sampleNode(n)))));
    await store.close();
    await expect(taken).resolves.toBeDefined();
    await expect(store.transact((writer) => writer.putSetting('a', '1'))).rejects.toMatchObject({
      code: 'unavailable',
    });
    await expect(store.reader.nodes()).rejects.toMatchObject({ code: 'unavailable' });
    await store.close();
  });
}
