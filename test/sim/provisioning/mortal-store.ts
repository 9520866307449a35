import type { Store, StoreWriter } from '../../../controller/usecases/ports.js';
import { BrambleError } from '../../../proto/contract/errors.js';

/** How long a controller has to live, counted in what it asks of its store. */
export interface Life {
  /** Calls of any kind before it dies. */
  callsLeft: number;
  /** Journals that it writes before it dies: before the commit of the last one by .0, after it by .5. */
  writesLeft: number;
  isDead: boolean;
}

function die(life: Life): never {
  life.isDead = true;
  throw new BrambleError('unavailable', 'this controller was killed');
}

/** The store as a process sees it that is killed: whatever it does afterwards reaches nobody. */
export function mortalStore(store: Store, life: Life): Store {
  const tick = (): void => {
    if (life.isDead) die(life);
    life.callsLeft -= 1;
    if (life.callsLeft < 0) die(life);
  };
  const counted = <Target extends object>(target: Target): Target =>
    new Proxy(target, {
      get(of, name, self) {
        const value: unknown = Reflect.get(of, name, self === of ? self : of);
        if (typeof value === 'function') {
          return (...given: unknown[]): unknown => {
            tick();
            return Reflect.apply(value, of, given);
          };
        }
        return typeof value === 'object' && value !== null ? counted(value) : value;
      },
    });
  return {
    reader: counted(store.reader),
    async transact<T>(work: (writer: StoreWriter) => Promise<T>): Promise<T> {
      tick();
      let isJournal = false;
      const result = await store.transact(async (writer) => {
        const seen = counted(writer);
        const noticing = new Proxy(seen, {
          get(of, name) {
            const value: unknown = Reflect.get(of, name);
            if (name !== 'provisioning' || typeof value !== 'object' || value === null) return value;
            return new Proxy(value, {
              get(inner, method) {
                if (method === 'putSaga') isJournal = true;
                const called: unknown = Reflect.get(inner, method);
                return called;
              },
            });
          },
        });
        const made = await work(noticing);
        if (isJournal) life.writesLeft -= 0.5;
        if (isJournal && life.writesLeft === 0) die(life); // all of it is rolled back
        return made;
      });
      if (isJournal) life.writesLeft -= 0.5;
      tick();
      if (isJournal && life.writesLeft === 0) die(life); // committed, and nobody was told
      return result;
    },
    close: () => store.close(),
  };
}
