/**
 * The part of the reflect-metadata proposal that @peculiar/x509's dependency injection asks for when it is loaded. Must be
 * imported before it. Does nothing where a full implementation is there already.
 */

type Decorator = (target: object) => void;

interface MetadataReflect {
  getMetadata?: (key: unknown, target: object) => unknown;
  getOwnMetadata?: (key: unknown, target: object) => unknown;
  defineMetadata?: (key: unknown, value: unknown, target: object) => void;
  metadata?: (key: unknown, value: unknown) => Decorator;
}

const reflect: typeof Reflect & MetadataReflect = Reflect;

if (reflect.getMetadata === undefined) {
  const kept = new WeakMap<object, Map<unknown, unknown>>();
  const define = (key: unknown, value: unknown, target: object): void => {
    const slots = kept.get(target) ?? new Map<unknown, unknown>();
    kept.set(target, slots.set(key, value));
  };
  reflect.defineMetadata = define;
  reflect.getOwnMetadata = (key, target) => kept.get(target)?.get(key);
  reflect.getMetadata = (key, target) => {
    for (let at: object | null = target; at !== null; at = Reflect.getPrototypeOf(at)) {
      if (kept.get(at)?.has(key) === true) return kept.get(at)?.get(key);
    }
    return undefined;
  };
  reflect.metadata = (key, value) => (target) => {
    define(key, value, target);
  };
}
