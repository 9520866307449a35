import { BrambleError } from '../../../proto/contract/errors.js';
import type { Credential, EnrollRequest, Pending } from '../../../proto/gen/bramble/agent/v1/enrollment.js';
import type { Board, NodeKind } from '../../../proto/gen/bramble/agent/v1/node.js';
import type { Host, KeyPair } from '../host/ports.js';
import { errorFields, type Log } from '../log.js';
import { CONTROLLER_BACKOFF, fullJitterMs } from '../session/backoff.js';
import { type Identity, identityOf } from './identity.js';
import type { IdentityStore } from './identity-store.js';
import { type JoinFile, tokenKeyId } from './join.js';

export interface EnrollOptions {
  readonly host: Pick<Host, 'clock' | 'keys' | 'net' | 'random'>;
  readonly store: IdentityStore;
  readonly join: JoinFile;
  readonly node: {
    readonly kind: NodeKind;
    readonly board: Board;
    readonly hostname: string;
    readonly agentVersion: string;
  };
  /** A time that has certainly passed, ms since 1970-01-01 UTC. */
  readonly clockFloorMs: number;
  readonly log: Log;
}

/** Bounds on the interval that the controller may name, ms. */
const POLL_MIN_MS = 1_000;
const POLL_MAX_MS = 600_000;

/** Says what is signed: a signature for another purpose means nothing here. */
const CONTEXT = 'bramble-enroll-v1\0';

type Answer =
  | { readonly kind: 'pending'; readonly pending: Pending }
  | { readonly kind: 'credential'; readonly credential: Credential };

/**
 * Asks until the controller gives this node an identity, and stores it. Where a person has to decide, that takes as long
 * as it takes.
 * @throws BrambleError `invalid-argument` (the join token is none), `cancelled`, or of the storage
 */
export async function enroll(options: EnrollOptions, signal: AbortSignal): Promise<Identity> {
  const { host, store, join, clockFloorMs } = options;
  tokenKeyId(join.token); // a join file with a typing error must not wait for a controller to say so
  const pair = await store.nextKey(undefined);
  const credential = await askUntilIssued(options, pair, signal);
  const issuedMs = Math.max(host.clock.nowMs(), clockFloorMs);
  const identity = identityOf(credential, pair.privateKeyPem, issuedMs);
  await store.adopt(identity);
  return identity;
}

async function askUntilIssued(options: EnrollOptions, pair: KeyPair, signal: AbortSignal): Promise<Credential> {
  const { host, join, log } = options;
  let failures = 0;
  let toldWords = '';
  for (;;) {
    let waitMs: number;
    try {
      const answer = await askOnce(options, pair, signal);
      if (answer.kind === 'credential') {
        identityOf(answer.credential, pair.privateKeyPem, 0); // an incomplete one counts as a failure
        return answer.credential;
      }
      failures = 0;
      const { fingerprintWords, pollAfterMs } = answer.pending;
      if (fingerprintWords !== toldWords) {
        log.info({ words: fingerprintWords }, 'waiting for approval: compare these words with those of the controller');
        toldWords = fingerprintWords;
      }
      waitMs = Math.min(POLL_MAX_MS, Math.max(POLL_MIN_MS, pollAfterMs));
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      waitMs = fullJitterMs(host.random.unit(), failures, CONTROLLER_BACKOFF);
      failures += 1;
      const fields = { ...errorFields(thrown), controller: join.controller, waitMs: Math.round(waitMs) };
      log.warn(fields, 'enrolment failed; trying again');
    }
    await host.clock.sleep(waitMs, signal);
  }
}

/** One challenge and its proof. @throws BrambleError of the network or of the controller */
async function askOnce(options: EnrollOptions, pair: KeyPair, signal: AbortSignal): Promise<Answer> {
  const { host, join, node } = options;
  const spkiDer = Buffer.from(pair.spkiDer);
  const ask = (step: NonNullable<EnrollRequest['step']>) =>
    host.net.enroll(join.controller, join.pin, { step }, signal);
  const { outcome: first } = await ask({ $case: 'challenge', value: { spkiDer } });
  if (first?.$case !== 'challenge') throw unexpected();
  const { nonce } = first.value;
  const message = Buffer.concat([
    Buffer.from(CONTEXT),
    nonce,
    host.keys.sha256(pair.spkiDer),
    Buffer.from(tokenKeyId(join.token)),
  ]);
  const signature = Buffer.from(host.keys.sign(pair.privateKeyPem, message));
  const { outcome } = await ask({ $case: 'proof', value: { token: join.token, spkiDer, nonce, signature, ...node } });
  if (outcome?.$case === 'pending') return { kind: 'pending', pending: outcome.value };
  if (outcome?.$case === 'credential') return { kind: 'credential', credential: outcome.value };
  throw unexpected();
}

function unexpected(): BrambleError {
  return new BrambleError('unsupported', 'the controller gave an answer that this agent does not know', {
    hint: 'upgrade the agent to the version of the controller',
  });
}
