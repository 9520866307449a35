import { Option } from 'commander';
import type { TokenCreated } from '../../../proto/contract/api/requests.js';
import { NODE_KINDS } from '../../../proto/contract/ids.js';
import { assertConfirmed } from '../confirm.js';
import { print } from '../context.js';
import { type DryRunOption, foretell, tryOut, withDryRun } from '../dry-run.js';
import { EXIT } from '../errors.js';
import { tokenListing } from '../listings.js';
import { renderData, renderPairs } from '../output.js';
import { durationMs, type Register, wholeNumber } from './register.js';

interface CreateOptions extends DryRunOption {
  readonly site: string;
  readonly kind: string;
  readonly ttl?: number;
  readonly uses?: number;
  readonly preApproved?: boolean;
  readonly expectSerial?: string;
}

export const registerToken: Register = (program, run) => {
  const token = program.command('token').description('Let nodes join');

  withDryRun(token.command('create'))
    .description('Make a join token; its secret is shown once')
    .requiredOption('--site <site>', 'where the node will be')
    .addOption(new Option('--kind <kind>', 'what the node will be').choices([...NODE_KINDS]).makeOptionMandatory())
    .option('--ttl <duration>', 'how long it may be used, 24h when not given', durationMs)
    .option('--uses <count>', 'how many nodes may join with it, 1 when not given', wholeNumber)
    .option('--pre-approved', 'no person has to approve')
    .option('--expect-serial <hex>', 'only the board with this serial number')
    .action(({ ttl, dryRun, ...options }: CreateOptions) =>
      run(async (context) => {
        if (dryRun === true) {
          return foretell(context, 'tokens.manage', `make a join token for a ${options.kind} at ${options.site}`);
        }
        const created = await context.api.createToken({ ...options, ...(ttl === undefined ? {} : { ttlMs: ttl }) });
        const { format } = context.screen;
        if (format === 'json' || format === 'yaml') context.out(`${renderData(created, format)}\n`);
        else if (format === 'name') context.out(`token/${created.keyId}\n`);
        else context.out(`${renderCreated(created)}\n`);
        return EXIT.ok;
      }),
    );

  const revoke = token.command('revoke').description('Make a token useless; nodes that joined with it stay');
  withDryRun(revoke)
    .argument('<key>', 'as bramble get tokens shows it')
    .option('--confirm <key>', 'the key, once more')
    .action((keyId: string, { confirm, dryRun }: DryRunOption & { readonly confirm?: string }) =>
      run(async (context) => {
        if (dryRun === true) {
          return tryOut(context, { op: 'revoke-token', token: keyId }, `make the token ${keyId} useless`);
        }
        assertConfirmed({ name: keyId, would: 'end the join token' }, confirm);
        const view = await context.api.revokeToken(keyId);
        print(context, tokenListing(context.nowMs()), [view], view);
        return EXIT.ok;
      }),
    );
};

function renderCreated({ keyId, token, spkiPin, enrollEndpoint, expiresAtMs }: TokenCreated): string {
  return [
    renderPairs([
      ['Token', token],
      ['Key', keyId],
      ['Until', new Date(expiresAtMs).toISOString()],
    ]),
    '',
    'The token is shown once. On the new node, /etc/bramble/agent.yaml (chmod 600: it is a secret) needs:',
    '',
    'join:',
    `  controller: ${enrollEndpoint}`,
    `  pin: ${spkiPin}`,
    `  token: ${token}`,
  ].join('\n');
}
