import type { Clock } from '../../proto/contract/clock.js';
import type { Secret } from '../../proto/contract/secret.js';
import type { ApiClient } from './api-client.js';
import type { Probe } from './doctor/probe.js';
import { type Listing, renderListing, type Screen } from './output.js';
import type { Transport, Where } from './transport.js';

/** Everything that the CLI needs of the machine it runs on. */
export interface CliHost {
  out(text: string): void;
  err(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Rejects with BrambleError `cancelled` when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  exists(path: string): boolean;
  /** Text of a small file; "-" is standard input. @throws BrambleError `not-found`, `permission-denied`, ... */
  readText(path: string): Promise<string>;
  /** A new file that only its owner reads. @throws BrambleError `already-exists`, `failed-precondition` */
  save(path: string, content: Uint8Array): Promise<void>;
  /** A file that holds one secret and nothing else. @throws BrambleError `failed-precondition` */
  readSecretFile(path: string): Secret;
  /** One line that is not shown while it is typed; from a pipe the first line of it. @throws BrambleError `cancelled` */
  askSecret(question: string, signal: AbortSignal): Promise<Secret>;
  /** Columns of the terminal; `undefined` when the output is none. */
  readonly widthColumns: number | undefined;
  /** Whoever types does not wait for a controller that is away longer than this. */
  readonly completionMsMax: number;
  /** Whether a person sees standard error as it is written. */
  readonly errIsTerminal: boolean;
  readonly userName: string;
  /** Text of a small file; `undefined` when there is none. @throws BrambleError `invalid-argument` */
  readTextIfThere(path: string): string | undefined;
  /** Replaces the user's own config file, which they alone may read, or makes it. */
  saveConfig(path: string, text: string): Promise<void>;
  /** Copies a folder that its owner alone may read. @throws BrambleError `already-exists`, `invalid-argument` */
  copyFolder(from: string, to: string): Promise<void>;
  /** Runs the controller's program of this installation to its end; what it says on standard error is passed on. */
  runController(args: readonly string[]): Promise<{ readonly exitCode: number; readonly out: string }>;
  connect(where: Where, actor: string): Transport;
  readonly probe: Probe;
}

/** What a command gets to work with. It prints through `out` and returns its exit code. */
export interface CliContext {
  readonly api: ApiClient;
  /** Where the controller is. @throws BrambleError `not-found`, `invalid-argument` */
  where(): Where;
  readonly host: CliHost;
  readonly screen: Screen;
  readonly signal: AbortSignal;
  out(text: string): void;
  nowMs(): number;
}

/** Prints rows in the format that was asked for. */
export function print<Row>(context: CliContext, listing: Listing<Row>, rows: readonly Row[], data: unknown): void {
  const text = renderListing(listing, rows, data, context.screen);
  if (text !== '') context.out(`${text}\n`);
}
