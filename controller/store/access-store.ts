import type { ApiToken, User, WebSession } from '../domain/access/account.js';
import type { AccessReader, AccessWriter } from '../usecases/access/ports.js';
import { apiTokenOf, apiTokenRow, sessionOf, sessionRow, userOf, userRow } from './access-rows.js';
import type { Query } from './query.js';

/** Accounts are made by hand: more than this is a mistake, and would be a page that nobody reads. */
const ACCOUNTS_MAX = 10_000;

export class SqlAccessReader implements AccessReader {
  protected readonly query: Query;

  constructor(query: Query) {
    this.query = query;
  }

  async user(name: string): Promise<User | undefined> {
    const row = await this.query.selectFrom('user_account').selectAll().where('name', '=', name).executeTakeFirst();
    return row && userOf(row);
  }

  async users(): Promise<readonly User[]> {
    const rows = this.query.selectFrom('user_account').selectAll().orderBy('name').limit(ACCOUNTS_MAX);
    return (await rows.execute()).map(userOf);
  }

  async apiToken(id: string): Promise<ApiToken | undefined> {
    const row = await this.query.selectFrom('api_token').selectAll().where('id', '=', id).executeTakeFirst();
    return row && apiTokenOf(row);
  }

  async apiTokens(): Promise<readonly ApiToken[]> {
    const newest = this.query.selectFrom('api_token').selectAll().orderBy('created_at_ms', 'desc').orderBy('id');
    return (await newest.limit(ACCOUNTS_MAX).execute()).map(apiTokenOf);
  }

  async session(idHmac: string): Promise<WebSession | undefined> {
    const row = await this.query.selectFrom('web_session').selectAll().where('id_hmac', '=', idHmac).executeTakeFirst();
    return row && sessionOf(row);
  }
}

export class SqlAccessWriter extends SqlAccessReader implements AccessWriter {
  async putUser(user: User): Promise<void> {
    const { name, ...rest } = userRow(user);
    const insert = this.query.insertInto('user_account').values({ name, ...rest });
    await insert.onConflict((conflict) => conflict.column('name').doUpdateSet(rest)).execute();
  }

  async putApiToken(token: ApiToken): Promise<void> {
    const { id, ...rest } = apiTokenRow(token);
    const insert = this.query.insertInto('api_token').values({ id, ...rest });
    await insert.onConflict((conflict) => conflict.column('id').doUpdateSet(rest)).execute();
  }

  async putSession(session: WebSession): Promise<void> {
    const { id_hmac, ...rest } = sessionRow(session);
    const insert = this.query.insertInto('web_session').values({ id_hmac, ...rest });
    await insert.onConflict((conflict) => conflict.column('id_hmac').doUpdateSet(rest)).execute();
  }

  async removeSession(idHmac: string): Promise<void> {
    await this.query.deleteFrom('web_session').where('id_hmac', '=', idHmac).execute();
  }

  async removeSessionsOf(account: string): Promise<number> {
    const removal = this.query.deleteFrom('web_session').where('account', '=', account);
    return Number((await removal.executeTakeFirst()).numDeletedRows);
  }

  async pruneSessions(idleSinceMs: number, nowMs: number): Promise<void> {
    const over = this.query.deleteFrom('web_session');
    await over
      .where(({ or, eb }) => or([eb('last_used_at_ms', '<', idleSinceMs), eb('expires_at_ms', '<=', nowMs)]))
      .execute();
  }
}
