/** Lists in pieces. */

export interface PageQuery<Key> {
  /** 1 to 1000. */
  readonly limit: number;
  /** Begin after this place. */
  readonly after?: Key | undefined;
}

export interface Paged<Item, Key> {
  readonly items: readonly Item[];
  /** Where the next page begins; `undefined` = this was the last one. */
  readonly next: Key | undefined;
}

const ROWS_PER_READ_MAX = 1_000;
/** Rows that one question may look at; beyond it the page is short and says where to go on. */
const ROWS_PER_PAGE_MAX = 50_000;

/** Reads on until the page is full, the list is at its end, or too much was looked at. */
export async function scanPage<Row, Key>(
  { limit, after }: PageQuery<Key>,
  list: {
    readonly read: (limit: number, after: Key | undefined) => Promise<readonly Row[]>;
    readonly keyOf: (row: Row) => Key;
    readonly keep: (row: Row) => boolean;
  },
): Promise<Paged<Row, Key>> {
  const items: Row[] = [];
  let place = after;
  for (let looked = 0; looked < ROWS_PER_PAGE_MAX; ) {
    // One more than is wanted tells whether this is the end.
    const size = Math.min(ROWS_PER_READ_MAX, looked === 0 ? limit + 1 : ROWS_PER_READ_MAX);
    const rows = await list.read(size, place);
    for (const row of rows) {
      if (items.length === limit) return { items, next: place };
      if (list.keep(row)) items.push(row);
      place = list.keyOf(row);
    }
    if (rows.length < size) return { items, next: undefined };
    looked += rows.length;
  }
  return { items, next: place };
}
