import {
  LinkLoginRequest,
  LoggedOut,
  LoginLinkCreate,
  LoginLinkCreated,
  LoginRequest,
  SessionView,
} from '../../../proto/contract/api/access.js';
import { declareRoute } from '../declare.js';
import { AT_MS } from './examples.js';

const SESSION_EXAMPLE: SessionView = {
  name: 'user:kim',
  grants: [{ role: 'operator', sites: ['cam'] }],
  permissions: ['nodes.read', 'commands.issue'],
  csrfToken: 'c5'.repeat(32),
  expiresAtMs: AT_MS + 43_200_000,
};

export const SESSION_ROUTES = {
  login: declareRoute({
    method: 'POST',
    path: '/api/v1/session',
    summary: 'Sign in with name and password; the answer sets the cookie of the session',
    tag: 'session',
    doors: 'both',
    body: LoginRequest,
    unkeyed: true,
    answer: { status: 201, description: 'signed in', schema: SessionView, example: SESSION_EXAMPLE },
    errors: ['unauthenticated', 'resource-exhausted'],
  }),
  loginByLink: declareRoute({
    method: 'POST',
    path: '/api/v1/session/link',
    summary: 'Sign in with the code of a login link, once',
    tag: 'session',
    doors: 'both',
    body: LinkLoginRequest,
    unkeyed: true,
    answer: { status: 201, description: 'signed in', schema: SessionView, example: SESSION_EXAMPLE },
    errors: ['unauthenticated'],
  }),
  getSession: declareRoute({
    method: 'GET',
    path: '/api/v1/session',
    summary: 'Who I am, and what I may do',
    tag: 'session',
    doors: 'both',
    answer: { status: 200, description: 'the caller', schema: SessionView, example: SESSION_EXAMPLE },
    errors: ['unauthenticated'],
  }),
  logout: declareRoute({
    method: 'DELETE',
    path: '/api/v1/session',
    summary: 'Sign out of this browser',
    tag: 'session',
    doors: 'both',
    answer: { status: 200, description: 'signed out', schema: LoggedOut, example: { sessionsEnded: 1 } },
    errors: ['unauthenticated', 'failed-precondition'],
  }),
  logoutEverywhere: declareRoute({
    method: 'DELETE',
    path: '/api/v1/sessions',
    summary: 'Sign out of every browser of this account',
    tag: 'session',
    doors: 'both',
    answer: { status: 200, description: 'signed out', schema: LoggedOut, example: { sessionsEnded: 3 } },
    errors: ['unauthenticated', 'failed-precondition'],
  }),
  createLoginLink: declareRoute({
    method: 'POST',
    path: '/api/v1/login-links',
    summary: 'Make a link that signs the caller in on the page, once',
    tag: 'session',
    doors: 'both',
    body: LoginLinkCreate,
    answer: {
      status: 201,
      description: 'the link; its code is nowhere else',
      secret: true,
      schema: LoginLinkCreated,
      example: {
        path: `/login.html#${'a'.repeat(32)}`,
        pageUrl: 'http://127.0.0.1:8080',
        expiresAtMs: AT_MS + 600_000,
      },
    },
    errors: ['permission-denied', 'resource-exhausted'],
  }),
} as const;
