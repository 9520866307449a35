import { z } from 'zod';
import {
  ApiTokenCreate,
  ApiTokenCreated,
  ApiTokenList,
  ApiTokenView,
  UserChange,
  UserCreate,
  UserList,
  UserView,
} from '../../../proto/contract/api/access.js';
import { declareRoute } from '../declare.js';
import { AT_MS } from './examples.js';

const UserPath = z.object({ name: z.string().max(64) });
const TokenPath = z.object({ id: z.string().regex(/^[A-Za-z0-9]{1,16}$/, 'is not the id of an API token') });

const USER_EXAMPLE: UserView = {
  name: 'kim',
  grants: [{ role: 'operator', sites: ['cam'] }],
  disabled: false,
  createdAtMs: AT_MS,
  createdBy: 'admin',
  passwordSetAtMs: AT_MS,
};

const API_TOKEN_EXAMPLE: ApiTokenView = {
  id: 'k7f3q2ab',
  label: 'prometheus',
  grants: [{ role: 'viewer' }],
  createdAtMs: AT_MS,
  createdBy: 'admin',
  expiresAtMs: AT_MS + 90 * 86_400_000,
  state: 'usable',
};

export const ACCOUNT_ROUTES = {
  listUsers: declareRoute({
    method: 'GET',
    path: '/api/v1/users',
    summary: 'People who may sign in',
    tag: 'accounts',
    doors: 'both',
    answer: { status: 200, description: 'users, by name', schema: UserList, example: { users: [USER_EXAMPLE] } },
    errors: ['permission-denied'],
  }),
  createUser: declareRoute({
    method: 'POST',
    path: '/api/v1/users',
    summary: 'Let a person sign in',
    tag: 'accounts',
    doors: 'both',
    body: UserCreate,
    unkeyed: true,
    answer: { status: 201, description: 'the user', schema: UserView, example: USER_EXAMPLE },
    errors: ['permission-denied', 'already-exists'],
  }),
  changeUser: declareRoute({
    method: 'PATCH',
    path: '/api/v1/users/:name',
    summary: 'Set a password, change roles, disable or enable; counts at once for whoever is signed in',
    tag: 'accounts',
    doors: 'both',
    params: UserPath,
    body: UserChange,
    unkeyed: true,
    answer: { status: 200, description: 'the user', schema: UserView, example: USER_EXAMPLE },
    errors: ['permission-denied', 'not-found'],
  }),
  listApiTokens: declareRoute({
    method: 'GET',
    path: '/api/v1/api-tokens',
    summary: 'Credentials of programs, without their secrets',
    tag: 'accounts',
    doors: 'both',
    answer: {
      status: 200,
      description: 'newest first',
      schema: ApiTokenList,
      example: { apiTokens: [API_TOKEN_EXAMPLE] },
    },
    errors: ['permission-denied'],
  }),
  createApiToken: declareRoute({
    method: 'POST',
    path: '/api/v1/api-tokens',
    summary: 'Make a credential for a program; the answer is the only place that has its secret',
    tag: 'accounts',
    doors: 'both',
    body: ApiTokenCreate,
    answer: {
      status: 201,
      description: 'the token',
      secret: true,
      schema: ApiTokenCreated,
      example: { token: `brm_k7f3q2ab_${'a'.repeat(32)}_bcdefgh`, apiToken: API_TOKEN_EXAMPLE },
    },
    errors: ['permission-denied'],
  }),
  revokeApiToken: declareRoute({
    method: 'DELETE',
    path: '/api/v1/api-tokens/:id',
    summary: 'Make an API token useless, at once',
    tag: 'accounts',
    doors: 'both',
    params: TokenPath,
    answer: {
      status: 200,
      description: 'the token',
      schema: ApiTokenView,
      example: { ...API_TOKEN_EXAMPLE, state: 'revoked' },
    },
    errors: ['permission-denied', 'not-found'],
  }),
} as const;
