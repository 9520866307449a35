import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A throw-away source tree; the live one is never touched by a planted violation. */
export interface PlantedTree extends Disposable {
  readonly root: string;
  plant(file: string, text: string): void;
}

export function plantedTree(): PlantedTree {
  const root = mkdtempSync(path.join(tmpdir(), 'bramble-arch-'));
  return {
    root,
    plant(file, text) {
      const target = path.join(root, file);
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, text);
    },
    [Symbol.dispose]: () => {
      rmSync(root, { recursive: true, force: true });
    },
  };
}
