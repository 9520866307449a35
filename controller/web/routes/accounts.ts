import { Secret } from '../../../proto/contract/secret.js';
import { grantsOf } from '../../usecases/access/users.js';
import type { Handlers } from '../mount.js';
import type { WebOptions } from '../options.js';
import type { ACCOUNT_ROUTES } from '../table/accounts.js';

export function accountHandlers({ access }: WebOptions): Handlers<typeof ACCOUNT_ROUTES> {
  const { users, apiTokens } = access;
  return {
    async listUsers({ caller }) {
      return { users: [...(await users.list(caller))] };
    },
    createUser: ({ body: { name, password, grants }, caller }) =>
      users.create({ name, password: new Secret(password), grants: grantsOf(grants) }, caller),
    changeUser: ({ params: { name }, body, caller }) => users.change(name, body, caller),
    async listApiTokens({ caller }) {
      return { apiTokens: [...(await apiTokens.list(caller))] };
    },
    async createApiToken({ body, caller }) {
      const { token, view } = await apiTokens.create(body, caller);
      return { token: token.reveal(), apiToken: view };
    },
    revokeApiToken: ({ params: { id }, caller }) => apiTokens.revoke(id, caller),
  };
}
