import type { ApiTokenView, GrantView } from '../../../proto/contract/api/access.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import { apiTokenListing } from '../access-listings.js';
import { assertConfirmed } from '../confirm.js';
import { type CliContext, print } from '../context.js';
import { type DryRunOption, foretell, withDryRun } from '../dry-run.js';
import { EXIT } from '../errors.js';
import { renderData, renderPairs } from '../output.js';
import { collectGrant, GRANT_HELP, grantText } from './grant-option.js';
import { durationMs, type Register } from './register.js';

interface CreateOptions extends DryRunOption {
  readonly label: string;
  readonly grant: readonly GrantView[];
  readonly ttl?: number;
}

export const registerApiToken: Register = (program, run) => {
  const token = program.command('api-token').description('Credentials of programs that use the API');

  withDryRun(token.command('create'))
    .description('Make an API token; it is shown once')
    .requiredOption('--label <text>', 'what it is for')
    .requiredOption('--grant <role>', GRANT_HELP, collectGrant)
    .option('--ttl <duration>', 'how long it is good, 90d when not given', durationMs)
    .action(({ label, grant, ttl, dryRun }: CreateOptions) =>
      run(async (context) => {
        if (dryRun === true) {
          return foretell(context, 'access.manage', `make an API token for ${grantText(grant)}`);
        }
        const wish = { label, grants: grant, ...(ttl === undefined ? {} : { ttlMs: ttl }) };
        const created = await context.api.createApiToken(wish);
        const { format } = context.screen;
        const { id, grants, expiresAtMs } = created.apiToken;
        if (format === 'json' || format === 'yaml') context.out(`${renderData(created, format)}\n`);
        else if (format === 'name') context.out(`api-token/${id}\n`);
        else {
          const until = new Date(expiresAtMs).toISOString();
          context.out(
            `${renderPairs([
              ['Token', created.token],
              ['Id', id],
              ['Roles', grantText(grants)],
              ['Until', until],
            ])}\n`,
          );
          context.host.err('The token is shown once: keep it in a file that only its program can read.\n');
        }
        return EXIT.ok;
      }),
    );

  token
    .command('list')
    .description('Every API token, without its secret')
    .action(() => run(async (context) => show(context, await context.api.apiTokens())));

  withDryRun(token.command('revoke'))
    .description('Make an API token useless, at once')
    .argument('<id>', 'as bramble api-token list shows it')
    .option('--confirm <id>', 'the id, once more')
    .action((id: string, { confirm, dryRun }: DryRunOption & { readonly confirm?: string }) =>
      run(async (context) => {
        if (dryRun === true) {
          const known = (await context.api.apiTokens()).some((one) => one.id === id);
          if (!known) throw new BrambleError('not-found', `API token ${visible(id, 40)} is not known`);
          return foretell(context, 'access.manage', `make the API token ${id} useless`);
        }
        assertConfirmed({ name: id, would: 'end the API token' }, confirm);
        return show(context, [await context.api.revokeApiToken(id)]);
      }),
    );
};

function show(context: CliContext, tokens: readonly ApiTokenView[]): number {
  print(context, apiTokenListing(context.nowMs()), tokens, tokens);
  return EXIT.ok;
}
