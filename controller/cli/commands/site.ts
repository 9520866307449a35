import { type Command, InvalidArgumentError } from 'commander';
import type { SiteCreate } from '../../../proto/contract/api/requests.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { assertConfirmed } from '../confirm.js';
import { print } from '../context.js';
import { type DryRunOption, tryOut, withDryRun } from '../dry-run.js';
import { EXIT } from '../errors.js';
import { SITE_LISTING } from '../listings.js';
import { describeSite } from './describe-site.js';
import { registerMaintenance } from './maintenance.js';
import type { Register, RunCommand } from './register.js';

interface CreateOptions extends DryRunOption {
  readonly label?: string;
  readonly location?: string;
  readonly down?: number;
  readonly up?: number;
  readonly monthly?: number;
}

export const registerSite: Register = (program, run) => {
  const site = program.command('site').description('Places with nodes');

  registerList(site, run);
  registerCreate(site, run);
  registerDescribe(site, run);
  registerDelete(site, run);
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
  withDryRun(command)
    .argument('<name>', 'a lower-case letter, then letters, digits and dashes')
    .option('--label <text>', 'what people call it')
    .option('--location <text>', 'where it is')
    .option('--down <rate>', 'what its uplink bears, such as 50M or 1G (bit/s)', quantity)
    .option('--up <rate>', 'the other direction', quantity)
    .option('--monthly <bytes>', 'what may pass in a month, such as 500G', quantity)
    .action((name: string, options: CreateOptions) =>
      run(async (context) => {
        const create = siteOf(name, options);
        if (options.dryRun === true) return tryOut(context, { op: 'create-site', create }, `make the site ${name}`);
        const view = await context.api.createSite(create);
        print(context, SITE_LISTING, [view], view);
        return EXIT.ok;
      }),
    );
}

/** @throws BrambleError `invalid-argument` for an uplink that is only half told */
function siteOf(name: string, { label = '', location = '', down, up, monthly }: CreateOptions): SiteCreate {
  if ((down === undefined) !== (up === undefined) || (monthly !== undefined && down === undefined)) {
    throw new BrambleError('invalid-argument', 'an uplink has two directions', {
      hint: 'give --down and --up together',
    });
  }
  const budget = down === undefined || up === undefined ? undefined : { downBitsPerS: down, upBitsPerS: up };
  const uplink = budget && { ...budget, ...(monthly === undefined ? {} : { monthlyBytes: monthly }) };
  return { name, label, location, ...(uplink === undefined ? {} : { uplink }) };
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

const FACTORS = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 } as const;

/** "50M" -> 50000000. */
function quantity(text: string): number {
  const match = /^(\d{1,12}(?:\.\d{1,3})?)([kMGT]?)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('It must be a number with k, M, G or T, such as 50M.');
  const factor = match[2] as keyof typeof FACTORS; // the pattern lets nothing else through
  return Math.round(Number(match[1]) * FACTORS[factor]);
}
