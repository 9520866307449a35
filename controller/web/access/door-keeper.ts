import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Clock } from '../../../proto/contract/clock.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { Secret } from '../../../proto/contract/secret.js';
import { actorOf } from '../../domain/access/actor.js';
import { ANONYMOUS, type Principal, principalName } from '../../domain/access/principal.js';
import type { Access } from '../../usecases/access/access.js';
import { assertMay, type Caller, signInFirst } from '../../usecases/access/caller.js';
import type { SignedIn } from '../../usecases/access/sessions.js';
import { isLoopback } from '../guards.js';
import { parseInput } from '../parse.js';
import { cookieName, readCookie } from './cookies.js';
import { assertCsrfToken, assertSameOrigin } from './cross-site.js';
import { PRINCIPAL_RATE, RateLimits, STRANGER_RATE } from './rate.js';
import type { RouteRight } from './right.js';

const ActorHeader = z
  .string()
  .regex(/^[A-Za-z0-9._@+-]{1,64}$/, 'must be a login name')
  .optional();

interface Identified {
  readonly principal: Principal;
  readonly session: SignedIn | undefined;
}

export interface KeeperOptions {
  readonly access: Access;
  readonly clock: Clock;
  /** True: whoever asks from this machine may scrape. */
  readonly metricsOpenOnLoopback: boolean;
}

/** Finds out who asks, and lets through whom the route is for. One per door. */
export class DoorKeeper {
  readonly #kind: 'page' | 'admin';
  readonly #options: KeeperOptions;
  readonly #rates: RateLimits;

  constructor(kind: 'page' | 'admin', options: KeeperOptions) {
    this.#kind = kind;
    this.#options = options;
    this.#rates = new RateLimits(options.clock);
  }

  /** @throws BrambleError `unauthenticated`, `permission-denied`, `resource-exhausted`, `invalid-argument` */
  async letIn(request: FastifyRequest, right: RouteRight | undefined): Promise<void> {
    const source = this.#kind === 'admin' ? 'socket' : `page ${request.ip}`;
    request.caller = { principal: ANONYMOUS, actor: actorOf(ANONYMOUS, source, request.id) };
    const asked = { method: request.method, url: request.url, headers: request.headers, isSecure: isSecure(request) };
    if (this.#kind === 'page') assertSameOrigin(asked);
    const { principal, session } = await this.#identify(request);
    request.caller = { principal, actor: actorOf(principal, source, request.id) };
    request.session = session;
    if (this.#kind === 'page') this.#limit(request.caller, request.ip);
    if (session !== undefined) assertCsrfToken(asked, session.csrfToken.reveal());
    if (right !== undefined) this.#check(right, request);
  }

  /** Whether who asked with this request may still be told: for answers that do not end. */
  async isStillIn(request: FastifyRequest): Promise<boolean> {
    try {
      const { principal } = await this.#identify(request);
      return principalName(principal) === principalName(request.caller.principal);
    } catch {
      return false; // the token is no longer good
    }
  }

  #check(right: RouteRight, { caller, ip }: FastifyRequest): void {
    switch (right) {
      case 'public':
        return;
      case 'signed-in':
        if (caller.principal.kind === 'anonymous') throw signInFirst();
        return;
      case 'metrics':
        if (this.#options.metricsOpenOnLoopback && isLoopback(ip)) return;
        assertMay(caller, 'metrics.read');
        return;
      default:
        assertMay(caller, right);
    }
  }

  async #identify(request: FastifyRequest): Promise<Identified> {
    const { headers, socket } = request;
    if (this.#kind === 'admin') {
      // Whoever may open the socket is root or the controller's own user; the name is what their tool says.
      const name = parseInput(ActorHeader, headers['x-bramble-actor']);
      return { principal: { kind: 'administrator', name }, session: undefined };
    }
    const { access } = this.#options;
    if (headers.authorization !== undefined) {
      const [, token] = /^Bearer ([\w-]{1,128})$/i.exec(headers.authorization) ?? [];
      const principal = token === undefined ? undefined : await access.apiTokens.find(new Secret(token));
      if (principal !== undefined) return { principal, session: undefined };
      throw new BrambleError('unauthenticated', 'this API token is not good, or no longer', {
        hint: 'a fleet-admin makes a new one: bramble api-token create',
      });
    }
    const cookie = readCookie(headers.cookie, cookieName(isSecure(request), socket.localPort));
    const session = cookie === undefined ? undefined : await access.sessions.find(cookie);
    return { principal: session?.principal ?? ANONYMOUS, session };
  }

  #limit({ principal, actor }: Caller, address: string): void {
    if (principal.kind === 'anonymous') this.#rates.take(`address ${address}`, STRANGER_RATE);
    else this.#rates.take(actor.name, PRINCIPAL_RATE);
  }
}

export function isSecure(request: FastifyRequest): boolean {
  return request.protocol === 'https';
}
