import type { Sample } from '../../../proto/contract/facts.js';
import type { Host } from '../host/ports.js';

/** What one run of a collector found. "No data" is not a failure: the thing is not there or does not say. */
export type Collected =
  | { readonly kind: 'ok'; readonly samples: readonly Sample[] }
  | { readonly kind: 'no-data'; readonly why: string };

export type CollectorHost = Pick<Host, 'kernel' | 'kernelLog' | 'clock' | 'exec' | 'services' | 'machine'>;

/** Gathers one kind of fact. Made by a function, so that what it remembers between runs belongs to one agent. */
export interface Collector {
  /** Lower-case words joined by dashes; the instance of the collector_* facts. */
  readonly name: string;
  /** Time between two runs, ms; they happen together with reports. 0 = at every report. */
  readonly intervalMs: number;
  /** A run that takes longer counts as timed out and is abandoned, ms. */
  readonly timeoutMs: number;
  /** May throw: the failure becomes this collector's own facts and touches no other. */
  collect(host: CollectorHost, signal: AbortSignal): Collected | Promise<Collected>;
  /**
   * Follows what does not wait for the next run, in a running agent, until the signal aborts; ends at once where there is nothing
   * to follow. Begun again after it failed.
   */
  watch?(host: Host, signal: AbortSignal): Promise<void>;
}

export const ok = (samples: readonly Sample[]): Collected => ({ kind: 'ok', samples });
export const noData = (why: string): Collected => ({ kind: 'no-data', why });
