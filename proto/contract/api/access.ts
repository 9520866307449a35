import { z } from 'zod';
import { GRANT_SITES_MAX, GRANTS_MAX, ROLES } from '../access.js';

/** Signing in, accounts of people, credentials of programs. Times are ms since 1970-01-01 UTC. */

export const GrantView = z.strictObject({
  role: z.enum(ROLES),
  sites: z
    .array(z.string())
    .min(1)
    .max(GRANT_SITES_MAX)
    .optional()
    .describe('where the role holds; absent = the whole fleet'),
});
export type GrantView = z.infer<typeof GrantView>;

const Grants = z.array(GrantView).max(GRANTS_MAX);
const Password = z.string().max(1_024);

export const LoginRequest = z.strictObject({ user: z.string().max(64), password: Password });

/** One's own password, proven by the one that it replaces. */
export const PasswordChange = z.strictObject({
  user: z.string().max(64),
  password: Password.describe('the present one'),
  newPassword: Password,
});

export const PasswordChanged = z.object({ sessionsEnded: z.number().describe('all but the one that asked') });

export type PasswordChanged = z.infer<typeof PasswordChanged>;

export const LinkLoginRequest = z.strictObject({ code: z.string().max(128) });

/** Who the asker is, and what it may do. */
export const SessionView = z.object({
  name: z.string().describe('as recorded with every change: user:kim, api-token:k7f3q2ab, admin'),
  grants: Grants.describe('empty for the administrator, who may do everything'),
  permissions: z.array(z.string()),
  csrfToken: z.string().optional().describe('to be sent as x-bramble-csrf with every change; only with a cookie'),
  expiresAtMs: z.number().optional(),
});
export type SessionView = z.infer<typeof SessionView>;

export const LoggedOut = z.object({ sessionsEnded: z.number() });

export const LoginLinkCreate = z.strictObject({
  ttlMs: z.number().int().min(60_000).max(3_600_000).default(600_000),
});

export const LoginLinkCreated = z.object({
  path: z.string().describe('to be put behind the page’s address; works once'),
  expiresAtMs: z.number(),
  pageUrl: z.string().describe('address of the page as the controller opened it; the path goes behind it'),
});
export type LoginLinkCreated = z.infer<typeof LoginLinkCreated>;

export const UserView = z.object({
  name: z.string(),
  grants: Grants,
  disabled: z.boolean(),
  createdAtMs: z.number(),
  createdBy: z.string(),
  passwordSetAtMs: z.number(),
});
export type UserView = z.infer<typeof UserView>;

export const UserList = z.object({ users: z.array(UserView) });

export const UserCreate = z.strictObject({ name: z.string().max(64), password: Password, grants: Grants.min(1) });

/** What is absent stays as it is. A new password and a disabled account end every session of the user. */
export const UserChange = z.strictObject({
  password: Password.optional(),
  grants: Grants.min(1).optional(),
  disabled: z.boolean().optional(),
});
export type UserChange = z.infer<typeof UserChange>;

export const ApiTokenView = z.object({
  id: z.string(),
  label: z.string(),
  grants: Grants,
  createdAtMs: z.number(),
  createdBy: z.string(),
  expiresAtMs: z.number(),
  lastUsedAtMs: z.number().optional().describe('to the hour'),
  state: z.enum(['usable', 'expired', 'revoked']),
});
export type ApiTokenView = z.infer<typeof ApiTokenView>;

export const ApiTokenList = z.object({ apiTokens: z.array(ApiTokenView) });

export const ApiTokenCreate = z.strictObject({
  label: z.string().min(1).max(100),
  grants: Grants.min(1),
  ttlMs: z
    .number()
    .int()
    .min(60_000)
    .max(366 * 86_400_000)
    .default(90 * 86_400_000),
});
export type ApiTokenCreate = z.infer<typeof ApiTokenCreate>;

export const ApiTokenCreated = z.object({
  token: z.string().describe('shown once'),
  apiToken: ApiTokenView,
});
export type ApiTokenCreated = z.infer<typeof ApiTokenCreated>;
