import type { Store } from '../../../controller/usecases/ports.js';

/** A process that may be dead by now. */
export interface Mortal {
  dead: boolean;
}

/** The store as one process has it: once that is dead, nothing that it began comes back to it, and it begins nothing. */
export function mortal(store: Store, life: Readonly<Mortal>): Store {
  const never = new Promise<never>(() => undefined);
  return {
    reader: store.reader,
    async transact(work) {
      if (life.dead) return await never;
      const done = await store.transact(work);
      return life.dead ? await never : done;
    },
    close: async () => undefined,
  };
}
