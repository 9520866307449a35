import { BrambleError, type ErrorCode } from '../../../proto/contract/errors.js';
import type { Upload } from '../command/handler.js';
import type { Endpoint, Host, TlsIdentity } from '../host/ports.js';

/** Attempts at every controller before it has failed, and the pauses between them, ms. */
const PAUSES_MS = [5_000, 20_000] as const;

/** Another attempt, or another controller, may fare better. */
const WORTH_REPEATING: readonly ErrorCode[] = ['unavailable', 'deadline-exceeded', 'aborted', 'cancelled'];

export interface UploadOptions {
  readonly host: Pick<Host, 'net' | 'keys' | 'clock'>;
  /** Asked anew for every attempt: a renewal may have changed it. */
  readonly identity: () => { readonly tls: TlsIdentity; readonly endpoints: readonly Endpoint[] };
}

/**
 * Uploads to whichever controller takes it. An upload whose receipt was lost is there already: that is a success.
 * @throws BrambleError that of the last attempt
 */
export async function upload({ host, identity }: UploadOptions, file: Upload, signal: AbortSignal): Promise<void> {
  const { net, keys, clock } = host;
  const { commandId, name, content } = file;
  const header = { commandId, name, sizeBytes: content.length, sha256: Buffer.from(keys.sha256(content)) };
  for (let attempt = 0; ; attempt++) {
    const { tls, endpoints } = identity();
    let failure = new BrambleError('unavailable', 'no controller is known');
    for (const endpoint of endpoints) {
      try {
        await net.upload(endpoint, tls, header, once(content), signal);
        return;
      } catch (thrown) {
        failure = BrambleError.from(thrown);
        if (failure.code === 'already-exists') return;
        if (signal.aborted || !WORTH_REPEATING.includes(failure.code)) throw failure;
      }
    }
    const pauseMs = PAUSES_MS[attempt];
    if (pauseMs === undefined) throw failure;
    await clock.sleep(pauseMs, signal);
  }
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}
