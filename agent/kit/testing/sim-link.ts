import { BrambleError } from '../../../proto/contract/errors.js';
import { AgentFrame, ControllerFrame } from '../../../proto/gen/bramble/agent/v1/link.js';
import { crc32 } from '../durable/crc32.js';
import type { LinkStream } from '../host/ports.js';
import { FrameQueue } from './frame-queue.js';
import type { Death, Lifetime } from './lifetime.js';
import type { SimPath } from './sim-path.js';
import type { SimWorld } from './sim-world.js';

/** The controller's end of one stream. Listeners are set inside `openLink`; frames that came before wait for nobody. */
export interface SimServerStream {
  send(frame: ControllerFrame): void;
  onFrame(listener: (frame: AgentFrame) => void): void;
  /** Called once when the stream is over, by whoever's doing; `undefined` = it ended cleanly. */
  onEnd(listener: (error: BrambleError | undefined) => void): void;
  /** Frames sent before still arrive. */
  end(): void;
  destroy(error: BrambleError): void;
}

/** More frames than this under way, and the sender is asked to pause. */
const WINDOW_FRAMES = 64;

/** One open stream between an agent and a controller. Frames travel as the bytes of the real codec. */
export class SimLink {
  readonly stream: LinkStream;
  readonly serverStream: SimServerStream;
  readonly #world: SimWorld;
  readonly #name: string;
  readonly #path: SimPath;
  readonly #life: Lifetime;
  readonly #inbound: FrameQueue<ControllerFrame>;
  readonly #stopListening: () => void;
  #onFrame: (frame: AgentFrame) => void = () => {};
  #onEnd: (error: BrambleError | undefined) => void = () => {};
  #underWay = 0;
  #agentIsOpen = true;
  #serverIsOpen = true;

  constructor(from: { world: SimWorld; name: string; path: SimPath; life: Lifetime; signal: AbortSignal }) {
    const { path, life, signal } = from;
    this.#world = from.world;
    this.#name = from.name;
    this.#path = path;
    this.#life = life;
    this.#inbound = new FrameQueue(() => {
      this.cancel();
    });
    this.stream = this.#makeStream();
    this.serverStream = this.#makeServerStream();
    const onAbort = (): void => {
      this.cancel();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const forgetPath = path.onReset(() => {
      this.#closeServer(lost());
      this.#closeAgent(lost());
    });
    this.#stopListening = () => {
      forgetPath();
      signal.removeEventListener('abort', onAbort);
    };
    life.onEnd((how) => {
      this.#died(how);
    });
  }

  /** The agent gives the stream up: the controller hears of it, the reader gets `cancelled`. */
  cancel(): void {
    if (!this.#agentIsOpen) return;
    this.#closeAgent(new BrambleError('cancelled', 'the stream was cancelled'));
    this.#path.deliver('to-controller', () => {
      this.#closeServer(new BrambleError('cancelled', 'the agent cancelled the stream'));
    });
  }

  #makeStream(): LinkStream {
    const frames: AsyncIterable<ControllerFrame> = {
      [Symbol.asyncIterator]: () => {
        const reader = this.#inbound[Symbol.asyncIterator]();
        return {
          next: () => this.#life.guard(() => reader.next()),
          return: () => reader.return?.() ?? Promise.resolve({ done: true, value: undefined }),
        };
      },
    };
    return {
      frames,
      send: (frame) => this.#sendToController(frame),
      end: () => {
        if (!this.#agentIsOpen || this.#life.dead) return;
        this.#path.deliver('to-controller', () => {
          this.#endFromServer();
        });
      },
    };
  }

  #makeServerStream(): SimServerStream {
    return {
      send: (frame) => {
        if (!this.#serverIsOpen) return;
        const bytes = ControllerFrame.encode(frame).finish();
        this.#trace('<', frame.frame?.$case, bytes);
        this.#path.deliver('to-agent', () => {
          if (this.#agentIsOpen && !this.#life.dead) this.#inbound.push(ControllerFrame.decode(bytes));
        });
      },
      onFrame: (listener) => {
        this.#onFrame = listener;
      },
      onEnd: (listener) => {
        this.#onEnd = listener;
      },
      end: () => {
        this.#endFromServer();
      },
      destroy: (error) => {
        if (!this.#serverIsOpen) return;
        const seen = asOnTheWire(error);
        this.#path.deliver('to-agent', () => {
          this.#closeAgent(seen);
        });
        this.#closeServer(error);
      },
    };
  }

  #sendToController(frame: AgentFrame): boolean {
    if (!this.#agentIsOpen || this.#life.dead) return false;
    const bytes = AgentFrame.encode(frame).finish();
    this.#trace('>', frame.frame?.$case, bytes);
    this.#underWay += 1;
    this.#path.deliver('to-controller', () => {
      this.#underWay -= 1;
      if (this.#serverIsOpen) this.#onFrame(AgentFrame.decode(bytes));
    });
    return this.#underWay < WINDOW_FRAMES;
  }

  #endFromServer(): void {
    if (!this.#serverIsOpen) return;
    this.#path.deliver('to-agent', () => {
      this.#closeAgent(undefined);
    });
    this.#closeServer(undefined);
  }

  #closeAgent(error: BrambleError | undefined): void {
    if (!this.#agentIsOpen) return;
    this.#agentIsOpen = false;
    this.#stopListening();
    if (error === undefined) this.#inbound.end();
    else this.#inbound.fail(error);
  }

  /** The listener is called later, as an event of its own: never inside the call that ended the stream. */
  #closeServer(error: BrambleError | undefined): void {
    if (!this.#serverIsOpen) return;
    this.#serverIsOpen = false;
    this.#world.after(0, () => {
      this.#onEnd(error);
    });
  }

  #died(how: Death): void {
    if (!this.#agentIsOpen) return;
    this.#agentIsOpen = false;
    if (how === 'power') return; // silence: the controller still believes in the stream, until it is reset or destroyed
    this.#path.deliver('to-controller', () => {
      this.#closeServer(lost());
    });
  }

  #trace(arrow: string, what: string | undefined, bytes: Uint8Array): void {
    this.#world.trace(`${this.#name} ${arrow} ${what ?? 'nothing'} ${bytes.length} ${crc32(bytes).toString(16)}`);
  }
}

/** An error as the other end gets it: code, message and hint travel; the text of a bug does not. */
export function asOnTheWire(thrown: unknown): BrambleError {
  const { code, message, hint } = BrambleError.from(thrown);
  if (code === 'internal') return new BrambleError('internal', 'internal error');
  return new BrambleError(code, message, hint === undefined ? {} : { hint });
}

function lost(): BrambleError {
  return new BrambleError('unavailable', 'the connection was lost');
}
