import { type DryRunOption, foretell, withDryRun } from '../dry-run.js';
import { EXIT } from '../errors.js';
import { renderData } from '../output.js';
import { durationMs, type Register } from './register.js';

export const registerLoginLink: Register = (program, run) => {
  withDryRun(program.command('login-link'))
    .description('Make a link that opens the page once, without a password')
    .option('--ttl <duration>', 'how long it may be used, at most 1h, 10m when not given', durationMs)
    .option('--page <url>', 'address of the page when you reach it under another one')
    .action(({ ttl, page, dryRun }: DryRunOption & { readonly ttl?: number; readonly page?: string }) =>
      run(async (context) => {
        if (dryRun === true) return foretell(context, 'access.manage', 'make a link that opens the page once');
        const link = await context.api.createLoginLink(ttl === undefined ? {} : { ttlMs: ttl });
        const url = `${(page ?? link.pageUrl).replace(/\/$/, '')}${link.path}`;
        const { format } = context.screen;
        if (format === 'json' || format === 'yaml') context.out(`${renderData({ ...link, url }, format)}\n`);
        else context.out(`${url}\n`);
        return EXIT.ok;
      }),
    );
};
