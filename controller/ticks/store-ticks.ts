import type { Tick } from './cron.js';

/** What keeps the store in shape; main.ts says how each is done. */
export interface StoreCare {
  /** Writes the history of nodes whose turn it is. */
  flushHistory(): Promise<unknown>;
  /** Merges the chunks of finished hours. */
  repackHistory(): Promise<unknown>;
  /** Removes what is too old or too much. */
  prune(): Promise<unknown>;
  /** Removes uploads that are too old or too much. */
  pruneUploads(): Promise<unknown>;
  /** Removes chunks that no image has any more. */
  sweepImages(): Promise<unknown>;
  checkpoint(): Promise<unknown>;
}

const FIRST_MINUTE = 11;
const MINUTES = 40;

/**
 * @param phase in [0, 1), different per installation: machines that share a disk or a host do not all work at once
 */
export function storeTicks(care: StoreCare, phase: number): readonly Tick[] {
  // Chunks of an hour are complete ten minutes after its end; the work ends before the next hour does.
  const minute = FIRST_MINUTE + Math.floor(phase * MINUTES);
  const second = Math.floor(phase * 60);
  return [
    { name: 'history-flush', when: '*/2 * * * * *', run: () => care.flushHistory() },
    { name: 'history-repack', when: `${second} ${minute} * * * *`, run: () => care.repackHistory() },
    { name: 'retention', when: `${second} ${minute + 5} * * * *`, run: () => care.prune() },
    { name: 'uploads', when: `${second} ${minute + 6} * * * *`, run: () => care.pruneUploads() },
    { name: 'images', when: `${second} ${minute + 7} 3 * * *`, run: () => care.sweepImages() },
    { name: 'checkpoint', when: `${second} */5 * * * *`, run: () => care.checkpoint() },
  ];
}
