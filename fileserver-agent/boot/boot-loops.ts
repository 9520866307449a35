import type { BootRecord } from '../../proto/contract/boot/record.js';
import { BOOT_LIMITS } from '../../proto/contract/boot/stage.js';

/** What of a boot tells of a loop: where it is, and when it began how often. */
export type LoopingBoot = Pick<BootRecord, 'interfaceName' | 'serial' | 'startsMs'>;

/**
 * Ports on which a board starts over and over. A port is known by the interface that was asked on, not by what the board
 * calls itself: nobody can have somebody else held back. Each loop is told once; another one is one of new starts.
 */
export class BootLoops {
  readonly #toldMs = new Map<string, number>();
  #look: () => readonly LoopingBoot[] = () => [];

  /** Nothing is known of loops before. */
  follow(look: () => readonly LoopingBoot[]): void {
    this.#look = look;
  }

  /** What was wrong with its root is over: starts until now count for nothing. */
  forgive(serial: string): void {
    for (const { interfaceName, serial: of, startsMs } of this.#look()) {
      if (of === serial) this.#toldMs.set(interfaceName, Math.max(...startsMs));
    }
  }

  /** Interfaces of the loops that are new, such as "eth0.10". Call the answer's `told` when somebody has heard it. */
  take(): { readonly interfaces: readonly string[]; told(): void } {
    const found = this.#look().filter(({ interfaceName, startsMs }) => {
      const afterMs = this.#toldMs.get(interfaceName) ?? Number.NEGATIVE_INFINITY;
      return startsMs.filter((atMs) => atMs > afterMs).length > BOOT_LIMITS.loopStarts;
    });
    return {
      interfaces: [...new Set(found.map(({ interfaceName }) => interfaceName))],
      told: () => {
        for (const { interfaceName, startsMs } of found) this.#toldMs.set(interfaceName, Math.max(...startsMs));
      },
    };
  }
}
