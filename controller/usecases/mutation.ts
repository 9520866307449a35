import type { Store, StoreWriter } from './ports.js';

/**
 * A change in two halves, so that several can share one transaction. The first half is written; the second tells memory,
 * and whoever waits, once that is committed.
 */
export interface Prepared<Answer> {
  /** After the commit, once. */
  committed(): Answer | Promise<Answer>;
  /** Instead of it: what was written is undone, or the transaction runs again. */
  undone?(): void;
}

/** Writes the first half. Reads through the writer only; may run more than once. */
export type Mutation<Answer> = (writer: StoreWriter) => Promise<Prepared<Answer>>;

/** One change, one transaction. */
export async function carryOut<Answer>(store: Store, mutation: Mutation<Answer>): Promise<Answer> {
  let prepared: Prepared<Answer> | undefined;
  const write = async (writer: StoreWriter): Promise<Prepared<Answer>> => {
    prepared?.undone?.();
    prepared = undefined;
    prepared = await mutation(writer);
    return prepared;
  };
  const undo = (thrown: unknown): never => {
    prepared?.undone?.();
    throw thrown;
  };
  const done = await store.transact(write).catch(undo);
  return await done.committed();
}
