import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SessionView } from '../../../proto/contract/api/access.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { Secret } from '../../../proto/contract/secret.js';
import { authorise } from '../../domain/access/authorise.js';
import { ALL_PERMISSIONS } from '../../domain/access/permission.js';
import { type Principal, principalName } from '../../domain/access/principal.js';
import type { Caller } from '../../usecases/access/caller.js';
import type { NewSession, Origin, SignedIn } from '../../usecases/access/sessions.js';
import { grantViews } from '../../usecases/access/users.js';
import { cookieName, renderCookie } from '../access/cookies.js';
import { isSecure } from '../access/door-keeper.js';
import type { Handlers } from '../mount.js';
import type { WebOptions } from '../options.js';
import type { SESSION_ROUTES } from '../table/session.js';

/** `pageUrl`: address of the page as it was opened. */
export function sessionHandlers({ access }: WebOptions, pageUrl: () => string): Handlers<typeof SESSION_ROUTES> {
  const { sessions } = access;
  const opened = async (created: NewSession, request: FastifyRequest, reply: FastifyReply): Promise<SessionView> => {
    setCookie(request, reply, created.secret);
    const session = await sessions.find(created.secret);
    if (session === undefined) throw new BrambleError('aborted', 'the account was changed meanwhile; sign in again');
    return sessionView(session.principal, session);
  };
  const ended = async ({ caller, request, reply }: Leaving, everywhere: boolean) => {
    const session = sessionOf(request);
    const sessionsEnded = await sessions.logout(session.idHmac, caller, everywhere);
    setCookie(request, reply, undefined);
    return { sessionsEnded };
  };
  return {
    async login({ body: { user, password }, request, reply }) {
      return await opened(await sessions.login(user, new Secret(password), originOf(request)), request, reply);
    },
    async loginByLink({ body: { code }, request, reply }) {
      return await opened(await sessions.loginByLink(new Secret(code), originOf(request)), request, reply);
    },
    async changeOwnPassword({ body: { user, password, newPassword }, request }) {
      const change = { name: user, password: new Secret(password), newPassword: new Secret(newPassword) };
      return { sessionsEnded: await access.ownPassword.change(change, originOf(request), request.session) };
    },
    getSession: ({ caller, request }) => sessionView(caller.principal, request.session),
    logout: (call) => ended(call, false),
    logoutEverywhere: (call) => ended(call, true),
    async createLoginLink({ body: { ttlMs }, caller }) {
      return { ...(await access.createLoginLink(ttlMs, caller)), pageUrl: pageUrl() };
    },
  };
}

interface Leaving {
  readonly caller: Caller;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

function sessionView(principal: Principal, session: SignedIn | undefined): SessionView {
  const grants = 'grants' in principal ? grantViews(principal.grants) : [];
  const permissions = ALL_PERMISSIONS.filter((permission) => authorise(principal, permission));
  const base = { name: principalName(principal), grants, permissions };
  if (session === undefined) return base;
  return { ...base, csrfToken: session.csrfToken.reveal(), expiresAtMs: session.expiresAtMs };
}

function sessionOf({ session }: FastifyRequest): SignedIn {
  if (session !== undefined) return session;
  throw new BrambleError('failed-precondition', 'this is not the session of a browser', {
    hint: 'an API token ends with bramble api-token revoke',
  });
}

function originOf({ ip, id, caller }: FastifyRequest): Origin {
  return { address: ip, source: caller.actor.source, requestId: id };
}

function setCookie(request: FastifyRequest, reply: FastifyReply, secret: Secret | undefined): void {
  const secure = isSecure(request);
  const name = cookieName(secure, request.socket.localPort);
  reply.header('set-cookie', renderCookie(name, secure, secret));
}
