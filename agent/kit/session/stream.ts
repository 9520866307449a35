import { BrambleError, type ErrorCode } from '../../../proto/contract/errors.js';
import type { AgentFrame } from '../../../proto/gen/bramble/agent/v1/link.js';
import type { Endpoint, LinkStream, Net, TlsIdentity } from '../host/ports.js';
import { errorFields, type Log } from '../log.js';
import type { Reach } from './waits.js';
import type { SessionEvent } from './words.js';

export interface StreamOptions {
  /** As the session machine counts. */
  readonly number: number;
  readonly net: Pick<Net, 'openLink'>;
  readonly endpoint: Endpoint;
  readonly tls: TlsIdentity;
  /** `opened`, then frames, then `lost`; nothing any more once it was closed. */
  readonly tell: (event: SessionEvent) => void;
  readonly log: Log;
}

/** The other end does not want us: trying again soon changes nothing. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(['unauthenticated', 'permission-denied', 'already-exists']);

/** One stream, from dialling to its end. */
export class Stream {
  readonly #options: StreamOptions;
  readonly #abort = new AbortController();
  #link: LinkStream | undefined;
  #isEnding = false;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  get number(): number {
    return this.#options.number;
  }

  /** Resolves when the stream is over, by whoever's doing. Never rejects. */
  async run(): Promise<void> {
    const { net, endpoint, tls } = this.#options;
    try {
      const link = await net.openLink(endpoint, tls, this.#abort.signal);
      if (this.#abort.signal.aborted) {
        link.end(); // closed while it opened
        return;
      }
      this.#link = link;
      this.#tell({ kind: 'opened', stream: this.number });
      for await (const { frame } of link.frames) this.#tell({ kind: 'frame', stream: this.number, frame });
      this.#lost(new BrambleError('unavailable', 'the controller ended the stream'));
    } catch (thrown) {
      this.#lost(thrown);
    }
  }

  /** `false` when it is not open, or the transport wants a pause. */
  send(frame: NonNullable<AgentFrame['frame']>): boolean {
    return this.#link?.send({ frame }) ?? false;
  }

  /** What was sent still goes out. */
  end(): void {
    this.#isEnding = true;
    this.#link?.end();
  }

  /** At once, and without another word. */
  close(): void {
    this.#abort.abort();
  }

  #lost(thrown: unknown): void {
    const { log, endpoint, number } = this.#options;
    if (this.#abort.signal.aborted || this.#isEnding) return;
    const isRefused = REFUSALS.has(BrambleError.from(thrown).code);
    const fields = { ...errorFields(thrown), endpoint, stream: number };
    if (isRefused) log.error(fields, 'the controller does not want this node');
    else log.warn(fields, this.#link === undefined ? 'controller not reached' : 'stream lost');
    const reach = this.#link === undefined ? reachOf(BrambleError.from(thrown)) : 'reached';
    this.#tell({ kind: 'lost', stream: number, isRefused, reach });
  }

  #tell(event: SessionEvent): void {
    if (!this.#abort.signal.aborted) this.#options.tell(event);
  }
}

/** Kernels say that there is no way in these words (errno(3)), and gRPC hands them on in its message alone. */
const NO_WAY = /\bE(?:HOST|NET)UNREACH\b/;

export function reachOf({ code, message }: Pick<BrambleError, 'code' | 'message'>): Reach {
  if (code === 'deadline-exceeded') return 'no-answer';
  return NO_WAY.test(message) ? 'no-way' : 'reached';
}
