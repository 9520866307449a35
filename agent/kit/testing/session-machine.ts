import { expect } from 'vitest';
import { type ControllerFrame, type GoodbyeReason, Welcome } from '../../../proto/gen/bramble/agent/v1/link.js';
import { DEFAULT_CADENCE } from '../session/cadence.js';
import { initialSession, step, WINDOW_EVENTS, wakeAtMs } from '../session/state.js';
import type { SessionEffect, SessionEvent, SessionState } from '../session/words.js';

export type Frame = NonNullable<ControllerFrame['frame']>;
export const welcome: Frame = { $case: 'welcome', value: Welcome.create({ sessionId: 's' }) };
export const goodbye = (reason: GoodbyeReason, expectedBackMs = 0): Frame => ({
  $case: 'goodbye',
  value: { reason, expectedBackMs, detail: '' },
});

/** The machine with a clock and an outbox of numbers, and with its invariants checked at every step. */
export class SessionMachine {
  state: SessionState;
  nowMs = 1_000;
  unit = 0.5;
  readonly effects: SessionEffect[] = [];
  readonly open = new Set<number>();
  readonly outbox = new Set<number>();
  readonly sentNow: number[] = [];

  constructor(endpointsCount = 1) {
    this.state = initialSession(endpointsCount, DEFAULT_CADENCE);
  }

  get phase(): string {
    return this.state.phase.kind;
  }

  take(event: SessionEvent): void {
    const queue = [event];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (next.kind === 'lost') this.open.delete(next.stream);
      const { state, effects } = step(this.state, next, { nowMs: this.nowMs, unit: this.unit });
      this.state = state;
      for (const effect of effects) {
        this.effects.push(effect);
        if (effect.kind === 'close') this.open.delete(effect.stream);
        if (effect.kind === 'say-goodbye') this.open.delete(state.stream);
        if (effect.kind === 'dial') {
          expect(this.open.size, 'never two streams at once').toBe(0);
          this.open.add(effect.stream);
        }
        if (effect.kind === 'acknowledge')
          for (const each of this.outbox) if (each <= effect.throughSequence) this.outbox.delete(each);
        if (effect.kind === 'offer-events') {
          const sequences = [...this.outbox]
            .filter((each) => each > effect.after)
            .sort((a, b) => a - b)
            .slice(0, effect.limit);
          this.sentNow.push(...sequences);
          if (sequences.length > 0) queue.push({ kind: 'events-sent', stream: state.stream, sequences });
        }
      }
    }
    this.#check();
  }

  #check(): void {
    const atMs = wakeAtMs(this.state);
    if (this.phase === 'stopped') expect([atMs, this.open.size]).toEqual([undefined, 0]);
    else expect(atMs, 'always something pending').toBeDefined();
    if (this.state.phase.kind === 'live') {
      const { unacknowledged } = this.state.phase;
      expect(unacknowledged.length).toBeLessThanOrEqual(WINDOW_EVENTS);
      expect(unacknowledged).toEqual([...new Set(unacknowledged)].sort((a, b) => a - b));
    }
  }

  frame(frame: Frame): void {
    this.take({ kind: 'frame', stream: this.state.stream, frame });
  }

  /** To the moment that the machine waits for. */
  sleep(): void {
    this.pass(Math.max(0, this.waitMs));
  }

  /** Time passes; what is due meanwhile happens at its end, and then nothing is due any more. */
  pass(ms: number): void {
    this.nowMs += ms;
    this.take({ kind: 'wake' });
    for (let wakes = 1; this.waitMs <= 0; wakes++) {
      expect(wakes, 'waking moves on').toBeLessThan(5);
      this.take({ kind: 'wake' });
    }
  }

  goLive(): void {
    this.take({ kind: 'opened', stream: this.state.stream });
    this.frame(welcome);
  }

  get last(): SessionEffect | undefined {
    return this.effects.at(-1);
  }

  get waitMs(): number {
    return (wakeAtMs(this.state) ?? Number.NaN) - this.nowMs;
  }
}

/** Its first stream is being dialled. */
export function started(endpointsCount = 1): SessionMachine {
  const machine = new SessionMachine(endpointsCount);
  machine.take({ kind: 'start' });
  return machine;
}

/** Welcomed. */
export function live(endpointsCount = 1): SessionMachine {
  const machine = started(endpointsCount);
  machine.goLive();
  return machine;
}
