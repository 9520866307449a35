import { BrambleError } from '../../proto/contract/errors.js';
import type { LinkStream, Net } from '../kit/host/ports.js';

type Frame = LinkStream['frames'] extends AsyncIterable<infer Each> ? Each : never;

/** The cable between one simulated Pi and the network. */
export class SiteLink {
  #cut: AbortController | undefined;
  #up = new AbortController();
  #carrierChanges = 1;

  get isUp(): boolean {
    return this.#cut === undefined;
  }

  get carrierChanges(): number {
    return this.#carrierChanges;
  }

  /** Everything that goes over it ends, and nothing new begins. */
  cut(): void {
    if (this.#cut !== undefined) return;
    this.#cut = this.#up;
    this.#carrierChanges += 1;
    this.#cut.abort();
  }

  mend(): void {
    if (this.#cut === undefined) return;
    this.#cut = undefined;
    this.#up = new AbortController();
    this.#carrierChanges += 1;
  }

  /** So short a loss that connections survive it. */
  blink(): void {
    this.#carrierChanges += 2;
  }

  /** A new boot counts anew. */
  reboot(): void {
    this.#carrierChanges = 1;
  }

  /** The real network, as far as this cable reaches. */
  over(net: Net): Net {
    return {
      openLink: async (endpoint, identity, signal) => {
        const stream = await this.#whileUp(signal, (both) => net.openLink(endpoint, identity, both));
        return { send: (frame) => stream.send(frame), end: () => stream.end(), frames: this.#framesOf(stream) };
      },
      enroll: (endpoint, pin, request, signal) =>
        this.#whileUp(signal, (both) => net.enroll(endpoint, pin, request, both)),
      renew: (endpoint, identity, request, signal) =>
        this.#whileUp(signal, (both) => net.renew(endpoint, identity, request, both)),
      upload: (endpoint, identity, header, content, signal) =>
        this.#whileUp(signal, (both) => net.upload(endpoint, identity, header, content, both)),
    };
  }

  async #whileUp<T>(signal: AbortSignal, call: (both: AbortSignal) => Promise<T>): Promise<T> {
    const up = this.#up.signal;
    if (up.aborted) throw unreachable();
    try {
      return await call(AbortSignal.any([signal, up]));
    } catch (error) {
      throw up.aborted && !signal.aborted ? unreachable() : error;
    }
  }

  async *#framesOf({ frames }: LinkStream): AsyncGenerator<Frame> {
    const up = this.#up.signal;
    try {
      yield* frames;
    } catch (error) {
      throw up.aborted ? unreachable() : error;
    }
  }
}

function unreachable(): BrambleError {
  return new BrambleError('unavailable', 'the network cannot be reached');
}
