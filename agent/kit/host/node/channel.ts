import type { ChannelOptions, Client } from '@grpc/grpc-js';
import { BrambleError } from '../../../../proto/contract/errors.js';
import { CALL_TIMEOUT_MS, CHANNEL_OPTIONS, KEEPALIVE_OPTIONS } from '../../../../proto/wire/channel.js';
import { BrambleChannelCredentials, type ClientTrust } from '../../../../proto/wire/credentials.js';
import { fromServiceError } from '../../../../proto/wire/status.js';
import type { Endpoint, TlsIdentity } from '../ports.js';

/** A channel for one call. */
export interface Channel<C extends Client> {
  readonly client: C;
  /** A TCP connection was made; what takes long from then on is the other end, not the path. */
  isReached(): boolean;
  /** What went wrong, in our words: our own refusal of the other end says more than "no connection". */
  failure(thrown: unknown): BrambleError;
  /** Ends whatever there is of it, at once. */
  dispose(): void;
}

type ClientClass<C extends Client> = new (
  address: string,
  credentials: BrambleChannelCredentials,
  options: ChannelOptions,
) => C;

interface ChannelTerms {
  readonly clockFloorMs: number;
  /** False where both ends say often enough that they are there. */
  readonly isKeptAlive?: boolean;
}

export function openChannel<C extends Client>(
  Class: ClientClass<C>,
  endpoint: Endpoint,
  trust: ClientTrust,
  { clockFloorMs, isKeptAlive = true }: ChannelTerms,
): Channel<C> {
  if (!/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$/.test(endpoint)) {
    throw new BrambleError('invalid-argument', `not an endpoint: ${endpoint.slice(0, 80)}`, {
      hint: 'an endpoint is host:port, an IPv6 host in brackets',
    });
  }
  const credentials = BrambleChannelCredentials.create({ trust, nowMs: () => Math.max(Date.now(), clockFloorMs) });
  const client = new Class(endpoint, credentials, { ...CHANNEL_OPTIONS, ...(isKeptAlive && KEEPALIVE_OPTIONS) });
  return {
    client,
    isReached: () => credentials.isReached,
    failure: (thrown) => credentials.refusal ?? fromServiceError(thrown),
    dispose: () => {
      client.close();
      credentials.dispose();
    },
  };
}

export function memberTrust(identity: TlsIdentity): ClientTrust {
  const { certificateChainPem, privateKeyPem, trustRootsPem } = identity;
  return { kind: 'member', certificateChainPem, privateKeyPem, trustRootsPem };
}

/** One question, one answer, and the connection is gone. */
export function ask<C extends Client, Answer>(
  channel: Channel<C>,
  signal: AbortSignal,
  call: (
    client: C,
    options: { readonly deadline: number },
    done: (error: Error | null, answer: Answer) => void,
  ) => { cancel(): void },
): Promise<Answer> {
  return new Promise<Answer>((resolve, reject) => {
    refuseWhenAborted(signal);
    const abort = (): void => {
      running.cancel();
    };
    const running = call(channel.client, { deadline: Date.now() + CALL_TIMEOUT_MS }, (error, answer) => {
      signal.removeEventListener('abort', abort);
      if (error === null) resolve(answer);
      else reject(signal.aborted ? cancelled() : channel.failure(error));
    });
    signal.addEventListener('abort', abort, { once: true });
  }).finally(() => {
    channel.dispose();
  });
}

export function refuseWhenAborted(signal: AbortSignal): void {
  if (signal.aborted) throw cancelled();
}

export function cancelled(): BrambleError {
  return new BrambleError('cancelled', 'the call was given up');
}
