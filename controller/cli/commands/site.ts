import type { Command } from 'commander';
import type { SiteChange } from '../../../proto/contract/api/requests.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { assertConfirmed } from '../confirm.js';
import { print } from '../context.js';
import { type DryRunOption, tryOut, withDryRun } from '../dry-run.js';
import { EXIT } from '../errors.js';
import { SITE_LISTING } from '../listings.js';
import { describeSite } from './describe-site.js';
import { registerMaintenance } from './maintenance.js';
import type { Register, RunCommand } from './register.js';
import { registerUplink } from './site-uplink.js';
import { type UplinkOptions, uplinkOf, withUplinkOptions } from './uplink.js';

interface WordsOptions extends DryRunOption {
  readonly label?: string;
  readonly location?: string;
}

type CreateOptions = WordsOptions & UplinkOptions;

interface ChangeOptions extends WordsOptions, UplinkOptions {
  /** false for --no-uplink: nobody knows it any longer. */
  readonly uplink: boolean;
}

export const registerSite: Register = (program, run) => {
  const site = program.command('site').description('Places with nodes');

  registerList(site, run);
  registerCreate(site, run);
  registerChange(site, run);
  registerDescribe(site, run);
  registerDelete(site, run);
  registerUplink(site, run);
  registerMaintenance(site, run, 'site');
};

function registerList(site: Command, run: RunCommand): void {
  site
    .command('list')
    .description('Sites, with how their nodes are')
    .action(() =>
      run(async (context) => {
        const sites = await context.api.sites();
        print(context, SITE_LISTING, sites, { sites });
        return EXIT.ok;
      }),
    );
}

function registerCreate(site: Command, run: RunCommand): void {
  const command = site.command('create').description('Make a site');
  withUplinkOptions(withWords(withDryRun(command)))
    .argument('<name>', 'a lower-case letter, then letters, digits and dashes')
    .action((name: string, options: CreateOptions) =>
      run(async (context) => {
        const { label = '', location = '', dryRun } = options;
        const uplink = uplinkOf(options);
        const create = { name, label, location, ...(uplink && { uplink }) };
        if (dryRun === true) return tryOut(context, { op: 'create-site', create }, `make the site ${name}`);
        const view = await context.api.createSite(create);
        print(context, SITE_LISTING, [view], view);
        return EXIT.ok;
      }),
    );
}

function registerChange(site: Command, run: RunCommand): void {
  const command = site.command('set').description('Change what is said of a site; what is not named stays');
  withUplinkOptions(withWords(withDryRun(command)))
    .option('--no-uplink', 'forget what its uplink bears')
    .argument('<site>')
    .action((name: string, options: ChangeOptions) =>
      run(async (context) => {
        const change = siteChange(options);
        if (options.dryRun === true) {
          return tryOut(context, { op: 'change-site', site: name, change }, `change the site ${name}`);
        }
        const view = await context.api.changeSite(name, change);
        print(context, SITE_LISTING, [view], view);
        return EXIT.ok;
      }),
    );
}

/** @throws BrambleError `invalid-argument` when nothing is to change */
function siteChange({ label, location, uplink: knowsUplink, ...rates }: ChangeOptions): SiteChange {
  const uplink = knowsUplink ? uplinkOf(rates) : null;
  const wishes = Object.entries({ label, location, uplink }).filter(([, wish]) => wish !== undefined);
  if (wishes.length === 0) {
    throw new BrambleError('invalid-argument', 'nothing is to change', {
      hint: 'give --label, --location, --down with --up, or --no-uplink',
    });
  }
  return Object.fromEntries(wishes);
}

function withWords(command: Command): Command {
  return command.option('--label <text>', 'what people call it').option('--location <text>', 'where it is');
}

function registerDescribe(site: Command, run: RunCommand): void {
  site
    .command('describe')
    .description('Everything that is said of one site')
    .argument('<site>')
    .action((name: string) => run((context) => describeSite(context, name)));
}

function registerDelete(site: Command, run: RunCommand): void {
  const command = site.command('delete').description('Delete a site that is empty');
  withDryRun(command)
    .argument('<site>')
    .option('--confirm <name>', 'its name, once more')
    .action((name: string, { confirm, dryRun }: DryRunOption & { readonly confirm?: string }) =>
      run(async (context) => {
        if (dryRun === true) return tryOut(context, { op: 'delete-site', site: name }, `delete the site ${name}`);
        assertConfirmed({ name, would: 'delete the site' }, confirm);
        const view = await context.api.deleteSite(name);
        print(context, SITE_LISTING, [view], view);
        return EXIT.ok;
      }),
    );
}
