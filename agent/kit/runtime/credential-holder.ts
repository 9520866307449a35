import { type Identity, tlsIdentityOf, withSaneRenewal } from '../enroll/identity.js';
import { renew } from '../enroll/renew.js';
import type { Endpoint, Host, TlsIdentity } from '../host/ports.js';
import { errorFields, type Log } from '../log.js';
import type { Renewed } from '../session/client.js';
import type { ControllerClock } from '../session/controller-clock.js';
import type { AgentState } from './agent-state.js';

export interface CredentialOptions {
  readonly host: Pick<Host, 'clock' | 'keys' | 'net'>;
  readonly state: Pick<AgentState, 'clockFloor' | 'identities'>;
  readonly controllerClock: ControllerClock;
  readonly log: Log;
}

/** The identity that counts now, and when it wants to be renewed. */
export class CredentialHolder {
  readonly #options: CredentialOptions;
  #identity: Identity;

  constructor(identity: Identity, options: CredentialOptions) {
    this.#options = options;
    this.#identity = identity;
  }

  get identity(): Identity {
    return this.#identity;
  }

  get tls(): TlsIdentity {
    return tlsIdentityOf(this.#identity, this.#options.state.clockFloor.valueMs);
  }

  /** Monotonic; `undefined` = never. To be asked when the controller has just told the time. */
  renewalDueMs(controllerNowMs: number): number | undefined {
    const { host, state, log } = this.#options;
    const sane = withSaneRenewal(this.#identity, controllerNowMs);
    if (sane !== this.#identity) {
      this.#identity = sane;
      state.identities.save(sane).catch((error: unknown) => {
        log.warn(errorFields(error), 'the renewal time was not stored');
      });
    }
    if (sane.renewAfterMs === 0) return undefined;
    return host.clock.monotonicMs() + Math.max(0, sane.renewAtMs - controllerNowMs);
  }

  /** @throws BrambleError; the identity before it still counts */
  async renew(endpoint: Endpoint, signal: AbortSignal): Promise<Renewed> {
    const { host, state, controllerClock } = this.#options;
    const clockFloorMs = state.clockFloor.valueMs;
    const controllerNowMs = (): number => controllerClock.nowMs() ?? clockFloorMs;
    const options = { host, store: state.identities, endpoint, clockFloorMs, controllerNowMs };
    this.#identity = await renew(this.#identity, options, signal);
    const { endpoints, renewAfterMs } = this.#identity;
    const nextAtMs = renewAfterMs === 0 ? undefined : host.clock.monotonicMs() + renewAfterMs;
    return { endpointsCount: endpoints.length, nextAtMs };
  }
}
