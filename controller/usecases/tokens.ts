import type { TokenView } from '../../proto/contract/api/fleet.js';
import type { TokenCreate } from '../../proto/contract/api/requests.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { siteId } from '../../proto/contract/ids.js';
import { visible } from '../../proto/contract/visible.js';
import type { Actor } from '../domain/access/actor.js';
import { renderBase32 } from '../domain/base32.js';
import { renderHex } from '../domain/hex.js';
import type { JoinToken } from '../domain/token.js';
import { renderToken, TOKEN_KEY_ID_CHARACTERS, TOKEN_SECRET_CHARACTERS } from '../domain/token-format.js';
import type { FleetApi } from './api.js';
import type { Store, Trust, World } from './ports.js';

export interface JoinTokensDeps {
  readonly store: Store;
  readonly world: Pick<World, 'clock' | 'random'>;
  readonly trust: Pick<Trust, 'tokenHmac'>;
}

/** What lets boards knock: made by a person, shown once, kept only as a hash. */
export class JoinTokens implements Pick<FleetApi, 'createToken' | 'tokens' | 'revokeToken'> {
  readonly #deps: JoinTokensDeps;

  constructor(deps: JoinTokensDeps) {
    this.#deps = deps;
  }

  /** @throws BrambleError `invalid-argument` for a name that no site can have */
  async createToken(create: TokenCreate, actor: Actor): Promise<{ readonly token: string; readonly view: TokenView }> {
    const { store, world, trust } = this.#deps;
    const site = siteId(create.site);
    const keyId = renderBase32(world.random.bytes(5), TOKEN_KEY_ID_CHARACTERS);
    const secret = renderBase32(world.random.bytes(20), TOKEN_SECRET_CHARACTERS);
    const nowMs = world.clock.nowMs();
    const token: JoinToken = {
      keyId,
      secretHmac: hmacOfSecret(trust, secret),
      site,
      kind: create.kind,
      expiresAtMs: nowMs + create.ttlMs,
      uses: create.uses,
      boundTo: [],
      preApproved: create.preApproved,
      expectSerial: create.expectSerial,
      createdAtMs: nowMs,
      createdBy: actor.name,
      revoked: false,
    };
    await store.transact(async (writer) => {
      if ((await writer.token(keyId)) !== undefined) {
        throw new BrambleError('aborted', 'the token’s key id is taken', { hint: 'ask again' });
      }
      await writer.putToken(token);
      const message = `${visible(actor.name, 80)} made join token ${keyId} for a ${create.kind} of site ${site}`;
      await writer.addFleetEvent({ atMs: nowMs, nodeId: undefined, severity: 'info', reason: 'TokenCreated', message });
      const details = { kind: create.kind, uses: create.uses, preApproved: create.preApproved, ttlMs: create.ttlMs };
      const done = { atMs: nowMs, actor, target: keyId, site, outcome: 'done', details } as const;
      await writer.audit.add({ ...done, action: 'join-token.create' });
    });
    return { token: renderToken({ keyId, secret }), view: tokenView(token) };
  }

  async tokens(limit: number): Promise<readonly TokenView[]> {
    return (await this.#deps.store.reader.tokens({ limit })).map(tokenView);
  }

  /** Keys that wait for approval with it are refused from now on; nodes that joined with it stay. */
  async revokeToken(keyId: string, actor: Actor): Promise<TokenView> {
    const { store, world } = this.#deps;
    return await store.transact(async (writer) => {
      const token = await writer.token(keyId);
      if (token === undefined) throw new BrambleError('not-found', `join token ${visible(keyId, 40)} is not known`);
      if (token.revoked) return tokenView(token);
      const revoked = { ...token, revoked: true };
      await writer.putToken(revoked);
      const message = `${visible(actor.name, 80)} revoked join token ${keyId}`;
      const atMs = world.clock.nowMs();
      await writer.addFleetEvent({ atMs, nodeId: undefined, severity: 'info', reason: 'TokenRevoked', message });
      const done = { atMs, actor, target: keyId, site: token.site, outcome: 'done', details: {} } as const;
      await writer.audit.add({ ...done, action: 'join-token.revoke' });
      return tokenView(revoked);
    });
  }
}

/** As it is stored: lower-case hex. The secret is ASCII. */
export function hmacOfSecret(trust: Pick<Trust, 'tokenHmac'>, secret: string): string {
  return renderHex(trust.tokenHmac(new TextEncoder().encode(`bramble-token-v1\0${secret}`)));
}

function tokenView(token: JoinToken): TokenView {
  const { keyId, site, kind, expiresAtMs, uses, preApproved, expectSerial, createdBy, revoked } = token;
  const usesLeft = Math.max(0, uses - token.boundTo.length);
  const base = { keyId, site, kind, expiresAtMs, uses, usesLeft, preApproved, createdBy, revoked };
  return expectSerial === undefined ? base : { ...base, expectSerial };
}
