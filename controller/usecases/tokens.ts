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
import { type FleetApi, matchesJoin, type TokenQuery } from './api.js';
import { carryOut, type Prepared } from './mutation.js';
import { type Paged, scanPage } from './paging.js';
import type { Store, StoreWriter, TokenKey, Trust, World } from './ports.js';
import { ensureSite } from './sites.js';

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
      await ensureSite(writer, site, { nowMs, actor });
      await writer.putToken(token);
      const message = `${visible(actor.name, 80)} made join token ${keyId} for a ${create.kind} of site ${site}`;
      await writer.addFleetEvent({ atMs: nowMs, nodeId: undefined, severity: 'info', reason: 'TokenCreated', message });
      const details = { kind: create.kind, uses: create.uses, preApproved: create.preApproved, ttlMs: create.ttlMs };
      const done = { atMs: nowMs, actor, target: keyId, site, outcome: 'done', details } as const;
      await writer.audit.add({ ...done, action: 'join-token.create' });
    });
    return { token: renderToken({ keyId, secret }), view: tokenView(token) };
  }

  /** Newest first. */
  async tokens({ limit: size, after: place, ...filter }: TokenQuery): Promise<Paged<TokenView, TokenKey>> {
    const { items, next } = await scanPage<JoinToken, TokenKey>(
      { limit: size, after: place },
      {
        read: (limit, after) => this.#deps.store.reader.tokens({ limit, after }),
        keyOf: ({ createdAtMs, keyId }) => ({ createdAtMs, keyId }),
        keep: (token) => matchesJoin(filter, token),
      },
    );
    return { items: items.map(tokenView), next };
  }

  /** Keys that wait for approval with it are refused from now on; nodes that joined with it stay. */
  async revokeToken(keyId: string, actor: Actor): Promise<TokenView> {
    return await carryOut(this.#deps.store, (writer) => this.revokeTokenIn(writer, keyId, actor));
  }

  async revokeTokenIn(writer: StoreWriter, keyId: string, actor: Actor): Promise<Prepared<TokenView>> {
    const token = await writer.token(keyId);
    if (token === undefined) throw new BrambleError('not-found', `join token ${visible(keyId, 40)} is not known`);
    const revoked = { ...token, revoked: true };
    if (!token.revoked) {
      await writer.putToken(revoked);
      const message = `${visible(actor.name, 80)} revoked join token ${keyId}`;
      const atMs = this.#deps.world.clock.nowMs();
      await writer.addFleetEvent({ atMs, nodeId: undefined, severity: 'info', reason: 'TokenRevoked', message });
      const done = { atMs, actor, target: keyId, site: token.site, outcome: 'done', details: {} } as const;
      await writer.audit.add({ ...done, action: 'join-token.revoke' });
    }
    return { committed: () => tokenView(revoked) };
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
