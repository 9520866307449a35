import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scanPage } from './paging.js';

const listOf = (rows: readonly number[], keep: (row: number) => boolean) => ({
  read: async (limit: number, after: number | undefined) => rows.filter((row) => row > (after ?? -1)).slice(0, limit),
  keyOf: (row: number) => row,
  keep,
});

async function wholeList(rows: readonly number[], limit: number, keep: (row: number) => boolean) {
  const items: number[] = [];
  let pages = 0;
  for (let after: number | undefined; ; pages++) {
    const page = await scanPage({ limit, after }, listOf(rows, keep));
    expect(page.items.length).toBeLessThanOrEqual(limit);
    items.push(...page.items);
    if (page.next === undefined) return { items, pages: pages + 1 };
    after = page.next;
  }
}

test('property: pages together are the filtered list, each row once and in order', async () => {
  const rows = fc.uniqueArray(fc.nat(5_000), { maxLength: 300 }).map((list) => list.sort((a, b) => a - b));
  await fc.assert(
    fc.asyncProperty(
      rows,
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 7 }),
      async (list, limit, step) => {
        const keep = (row: number): boolean => row % step === 0;
        expect((await wholeList(list, limit, keep)).items).toEqual(list.filter(keep));
      },
    ),
  );
});

test('a full last page says that it is the last', async () => {
  const rows = Array.from({ length: 10 }, (_, n) => n);
  expect((await wholeList(rows, 5, () => true)).pages).toBe(2);
});

test('a question that matches next to nothing looks at so many rows and no more, then says where to go on', async () => {
  const rows = Array.from({ length: 120_000 }, (_, n) => n);
  const page = await scanPage(
    { limit: 10 },
    listOf(rows, (row) => row === 119_999),
  );
  expect(page.items).toEqual([]);
  expect(page.next).toBeGreaterThan(49_000);
  expect((await wholeList(rows, 10, (row) => row === 119_999)).items).toEqual([119_999]);
});
