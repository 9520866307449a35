import type { GrantView, UserView } from '../../../proto/contract/api/access.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import { renderCount } from '../../../proto/contract/words.js';
import { userListing } from '../access-listings.js';
import { type CliContext, print } from '../context.js';
import { type DryRunOption, foretell, withDryRun } from '../dry-run.js';
import { EXIT } from '../errors.js';
import { collectGrant, GRANT_HELP, grantText } from './grant-option.js';
import type { Register } from './register.js';

interface GrantOptions extends DryRunOption {
  readonly grant: readonly GrantView[];
}

export const registerUser: Register = (program, run) => {
  const user = program.command('user').description('People who may sign in on the page');

  withDryRun(user.command('add'))
    .description('Let a person sign in; the password is asked for, or read from a pipe')
    .argument('<name>')
    .requiredOption('--grant <role>', GRANT_HELP, collectGrant)
    .action((name: string, { grant, dryRun }: GrantOptions) =>
      run(async (context) => {
        if (dryRun === true) return foretell(context, 'access.manage', `let ${name} sign in as ${grantText(grant)}`);
        const password = await context.host.askSecret(`Password for ${name}: `, context.signal);
        return show(context, [await context.api.createUser(name, password, grant)]);
      }),
    );

  user
    .command('list')
    .description('Who may sign in')
    .action(() => run(async (context) => show(context, await context.api.users())));

  withDryRun(user.command('passwd'))
    .description('Set a new password; ends every session of the user')
    .argument('<name>')
    .option('--own', 'as the user, who has no other rights: asks for the present password first')
    .action((name: string, { own, dryRun }: DryRunOption & { readonly own?: boolean }) =>
      run(async (context) => {
        if (dryRun === true) return foretellOf(context, name, 'set a new password');
        if (own === true) return await changeOwn(context, name);
        const password = await context.host.askSecret(`New password for ${name}: `, context.signal);
        return show(context, [await context.api.changeUser(name, { password })]);
      }),
    );

  withDryRun(user.command('grant'))
    .description('Give a user these roles, instead of what they had; counts at once')
    .argument('<name>')
    .requiredOption('--grant <role>', GRANT_HELP, collectGrant)
    .action((name: string, { grant, dryRun }: GrantOptions) =>
      run(async (context) => {
        if (dryRun === true) return foretellOf(context, name, `give the roles ${grantText(grant)}`);
        return show(context, [await context.api.changeUser(name, { grants: grant })]);
      }),
    );

  for (const [word, disabled] of [
    ['disable', true],
    ['enable', false],
  ] as const) {
    withDryRun(user.command(word))
      .description(disabled ? 'Let a user in no more; ends every session' : 'Let a disabled user in again')
      .argument('<name>')
      .action((name: string, { dryRun }: DryRunOption) =>
        run(async (context) => {
          if (dryRun === true) return foretellOf(context, name, word);
          return show(context, [await context.api.changeUser(name, { disabled })]);
        }),
      );
  }
};

/** @throws BrambleError `not-found`, `permission-denied` */
async function foretellOf(context: CliContext, name: string, what: string): Promise<number> {
  const user = (await context.api.users()).find((one) => one.name === name);
  if (user === undefined) throw new BrambleError('not-found', `user ${visible(name, 64)} is not known`);
  const now = `${grantText(user.grants) || 'no roles'}${user.disabled ? ', disabled' : ''}`;
  return foretell(context, 'access.manage', `${what}: user ${name}, who has ${now}`);
}

async function changeOwn({ host, signal, api }: CliContext, name: string): Promise<number> {
  const present = await host.askSecret(`Present password of ${name}: `, signal);
  const wanted = await host.askSecret(`New password for ${name}: `, signal);
  const { sessionsEnded } = await api.changeOwnPassword(name, present, wanted);
  host.err(`changed; ${renderCount(sessionsEnded, 'session')} of the page ended\n`);
  return EXIT.ok;
}

function show(context: CliContext, users: readonly UserView[]): number {
  print(context, userListing(context.nowMs()), users, users);
  return EXIT.ok;
}
