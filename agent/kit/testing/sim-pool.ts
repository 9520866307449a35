import { BrambleError } from '../../../proto/contract/errors.js';
import type { ConfinedTree } from '../roots/confined-tree.js';
import type { PoolFiles, RootDriver } from '../roots/ports.js';

type Entry =
  | { readonly kind: 'folder' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly target: string };

/** What the power cut that was asked for throws. Whoever catches it is no better than a process that is gone. */
export class PowerCut extends Error {}

/**
 * A pool in memory: files, links and volumes that outlive the processes which change them. Every change counts, and one of
 * them can be the last: whole, not at all, or, where it is of many parts, only some of them.
 */
export class SimPool {
  readonly entries = new Map<string, Entry>();
  /** Changes so far. */
  operations = 0;
  /** The change with this number is not made any more, nor any after it. */
  cutAt = Number.POSITIVE_INFINITY;

  /** A process that works on the pool: with the power cut nothing of it goes on. */
  files(): PoolFiles {
    return {
      list: (path) => this.#alive(() => this.list(path)),
      readText: (path) => this.#alive(() => this.text(path)),
      readLink: (path) => this.#alive(() => this.linkTarget(path)),
      makeFolder: (path) => this.#change(() => this.#folder(path)),
      writeText: (path, text) => this.#change(() => this.#put(path, { kind: 'text', text })),
      link: (path, target) => this.#change(() => this.#put(path, { kind: 'link', target })),
      remove: (path) => this.#changeEach(this.#below(path), (each) => this.entries.delete(each)),
      openTree: (path) => this.#alive(() => this.#tree(path)),
    };
  }

  driver(pool: string): RootDriver {
    const at = (volume: string): string => `${pool}/${volume}`;
    return {
      name: 'copy',
      capabilities: { isolation: false, quota: false, shared: false },
      isMounted: false,
      probe: () => Promise.resolve(undefined),
      make: (volume) => this.#change(() => this.#folder(at(volume))),
      clone: (from, to) =>
        this.#changeEach(this.#below(at(from)).toReversed(), (each) => {
          const entry = this.entries.get(each);
          if (entry !== undefined) this.#put(at(to) + each.slice(at(from).length), entry);
        }),
      attach: () => Promise.resolve(),
      destroy: (volume) => this.#changeEach(this.#below(at(volume)), (each) => this.entries.delete(each)),
      sync: () => this.#change(() => undefined),
    };
  }

  list(path: string): readonly string[] {
    const prefix = `${path}/`;
    const names = [...this.entries.keys()].filter((each) => each.startsWith(prefix));
    return [...new Set(names.map((each) => each.slice(prefix.length).split('/')[0] ?? ''))].sort();
  }

  text(path: string): string | undefined {
    const entry = this.entries.get(path);
    return entry?.kind === 'text' ? entry.text : undefined;
  }

  linkTarget(path: string): string | undefined {
    const entry = this.entries.get(path);
    return entry?.kind === 'link' ? entry.target : undefined;
  }

  /** Where a path leads when its links are followed. */
  resolve(path: string): string {
    let resolved = '';
    for (const part of path.split('/').slice(1)) {
      if (part === '..') {
        resolved = resolved.slice(0, resolved.lastIndexOf('/'));
        continue;
      }
      const target = this.linkTarget(`${resolved}/${part}`);
      if (target === undefined) resolved = `${resolved}/${part}`;
      else resolved = this.resolve(target.startsWith('/') ? target : `${resolved}/${target}`);
    }
    return resolved;
  }

  /** A test's hand. */
  plant(path: string, text: string): void {
    this.#put(path, { kind: 'text', text });
  }

  #put(path: string, entry: Entry): void {
    this.#folder(path.slice(0, path.lastIndexOf('/')));
    this.entries.set(path, entry);
  }

  #folder(path: string): void {
    if (path === '' || this.entries.get(path)?.kind === 'folder') return;
    this.#folder(path.slice(0, path.lastIndexOf('/')));
    this.entries.set(path, { kind: 'folder' });
  }

  /** Deepest first, itself last. */
  #below(path: string): readonly string[] {
    const inside = [...this.entries.keys()].filter((each) => each === path || each.startsWith(`${path}/`));
    return inside.sort((a, b) => b.length - a.length || (a < b ? 1 : -1));
  }

  #tree(path: string): ConfinedTree {
    const at = (name: string): string => `${path}/${name}`;
    return {
      write: ({ path: name, text }) => {
        if (this.linkTarget(at(name)) !== undefined) {
          return Promise.reject(new BrambleError('failed-precondition', `${name}: a link is in the way`));
        }
        return this.#change(() => this.#put(at(name), { kind: 'text', text }));
      },
      makeFolder: (name) => this.#change(() => this.#folder(at(name))),
      list: (name) => this.#alive(() => this.list(at(name))),
      read: (name) => this.#alive(() => this.text(at(name))),
      remove: (name) => this.#change(() => this.entries.delete(at(name))),
      openUp: () =>
        this.#alive(() =>
          this.#below(path)
            .find((each) => this.linkTarget(each) !== undefined)
            ?.slice(path.length + 1),
        ),
      close: () => Promise.resolve(),
    };
  }

  async #alive<T>(look: () => T): Promise<T> {
    await Promise.resolve();
    if (this.operations > this.cutAt) throw new PowerCut('the power is gone');
    return look();
  }

  async #change(effect: () => unknown): Promise<void> {
    await Promise.resolve();
    if (this.operations >= this.cutAt) {
      this.operations++;
      throw new PowerCut('the power is gone');
    }
    this.operations++;
    effect();
  }

  async #changeEach(paths: readonly string[], effect: (path: string) => unknown): Promise<void> {
    for (const path of paths) await this.#change(() => effect(path));
  }
}
