import { openSqliteStore } from '../../store/sqlite-store.js';
import { frozenClock, silentLog } from '../../store/testing/samples.js';
import type { Store } from '../../usecases/ports.js';

/** The real store in memory, opened when it is first asked, so that options can be made without waiting. */
export function lazyStore(): Store {
  let opened: Promise<Store> | undefined;
  const open = (): Promise<Store> => {
    opened ??= openSqliteStore({ path: ':memory:', mode: 'inline', clock: frozenClock, log: silentLog });
    return opened;
  };
  return {
    reader: asking(async () => (await open()).reader) as Store['reader'], // every property of a reader is asked below
    transact: async (work) => (await open()).transact(work),
    close: async () => (await open()).close(),
  };
}

/** Of a reader: what has methods of its own. */
const PARTS: ReadonlySet<string | symbol> = new Set(['access', 'audit', 'healing', 'incidents', 'provisioning']);

/** An object whose every method waits for the real one; its parts do the same. */
function asking(real: () => Promise<object>): object {
  const at =
    (owner: () => Promise<object>, name: string | symbol) =>
    async (...given: readonly unknown[]) => {
      const found = await owner();
      const method: unknown = Reflect.get(found, name);
      if (typeof method !== 'function') throw new Error(`the store has no ${String(name)}`);
      return Reflect.apply(method, found, given) as unknown; // whatever the real one answers
    };
  return new Proxy(
    {},
    {
      get: (_target, part) => {
        if (!PARTS.has(part)) return at(real, part);
        const whole = async () => Reflect.get(await real(), part) as object; // all are objects of the reader
        return new Proxy({}, { get: (_part, name) => at(whole, name) });
      },
    },
  );
}
