import { EventEmitter } from 'node:events';
import type { SimServerStream } from '../../agent/kit/testing/sim-net.js';
import type { LinkStream } from '../../controller/rpc/link-call.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { AgentFrame, ControllerFrame } from '../../proto/gen/bramble/agent/v1/link.js';
import { fromServiceError, type toServiceError } from '../../proto/wire/status.js';

/** The part of grpc-js's server stream that LinkCall uses, over a simulated link: the real LinkCall runs in the simulator. */
class SimCall extends EventEmitter {
  readonly writableLength = 0;
  readonly #stream: SimServerStream;
  readonly #from: string;
  readonly #waiting: AgentFrame[] = [];
  #isPaused = false;
  #isOver = false;

  constructor(stream: SimServerStream, from: string) {
    super();
    this.#stream = stream;
    this.#from = from;
  }

  start(): void {
    // What grpc-js makes of an emitted error: a status, which ends the stream.
    this.on('error', (status: ReturnType<typeof toServiceError>) => {
      this.#stream.destroy(fromServiceError(Object.assign(new Error(status.details), status)));
      this.#over();
    });
    this.#stream.onFrame((frame) => {
      this.#waiting.push(frame);
      this.#flow();
    });
    this.#stream.onEnd((error) => {
      if (error === undefined) this.emit('end');
      this.#over();
    });
  }

  write(frame: ControllerFrame): void {
    if (!this.#isOver) this.#stream.send(frame);
  }

  end(): void {
    if (!this.#isOver) this.#stream.end();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    queueMicrotask(() => this.#flow());
  }

  destroy(): void {
    this.#stream.destroy(new BrambleError('unavailable', 'the controller ended the connection'));
    this.#over();
  }

  getPeer(): string {
    return this.#from;
  }

  getPath(): string {
    return '/bramble.agent.v1.Link/Connect';
  }

  #flow(): void {
    while (!this.#isPaused && !this.#isOver) {
      const frame = this.#waiting.shift();
      if (frame === undefined) return;
      this.emit('data', frame);
    }
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.emit('close');
  }
}

export type SimLinkCall = LinkStream & Pick<SimCall, 'start' | 'destroy'>;

export function makeSimCall(stream: SimServerStream, from: string): SimLinkCall {
  return new SimCall(stream, from) as unknown as SimLinkCall; // LinkCall uses no more of the stream than SimCall has
}
