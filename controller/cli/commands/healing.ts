import type { Command } from 'commander';
import type { ActionView, HealingStatus, HoldView, PolicyView } from '../../../proto/contract/api/healing.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import { renderDuration } from '../../../proto/contract/words.js';
import { type CliContext, print } from '../context.js';
import { EXIT } from '../errors.js';
import { ago } from '../listings.js';
import { type Listing, renderData } from '../output.js';
import { DEFAULT_REASON, durationMs, type Register, type RunCommand } from './register.js';

const HOUR_MS = 3_600_000;

/** `bramble healing ...`: what the controller does by itself, by which policy, and who keeps it from what. */
export const registerHealing: Register = (program, run) => {
  const healing = program
    .command('healing')
    .description('What healing does, by which policy, and who holds it off what');
  healing
    .command('status')
    .description('Its policy, causes that it has found, what it does, what it holds and who holds it')
    .action(() => run(async (context) => show(context, await context.api.healing.status(), statusText)));
  registerPolicy(healing, run);
  registerPause(healing, run);
};

function registerPolicy(healing: Command, run: RunCommand): void {
  const policy = healing.command('policy').description('The policy by which nodes are healed');
  policy
    .command('show')
    .description('The one in force, as it was given')
    .action(() =>
      run(async (context) => {
        const view = await context.api.healing.policy();
        return show(context, view, () => `${policyLine(view, context.nowMs())}\n${visibleLines(view.text)}`);
      }),
    );
  policy
    .command('history')
    .description('Those that were in force before, newest first')
    .action(() =>
      run(async (context) => {
        const policies = await context.api.healing.policies();
        print(context, policyListing(context.nowMs()), policies, { policies });
        return EXIT.ok;
      }),
    );
  policy
    .command('set')
    .description('Put a policy in force; without "mode: enforce" it only watches and says what it would do')
    .argument('<file>', 'YAML; - is standard input')
    .option('--reason <text>', 'why', DEFAULT_REASON)
    .action((file: string, { reason }: { readonly reason: string }) =>
      run(async (context) => {
        const view = await context.api.healing.setPolicy(await context.host.readText(file), reason);
        return show(context, view, () => policyLine(view, context.nowMs()));
      }),
    );
}

interface PauseOptions {
  readonly reason: string;
  readonly for: number;
  readonly owner?: string;
  readonly drill?: boolean;
}

function registerPause(healing: Command, run: RunCommand): void {
  healing
    .command('pause')
    .description(
      'Keep healing from a node, site, rack, shelf, switch, fileserver or the whole fleet; holds within a second',
    )
    .argument('[name]', 'what; the whole fleet when not given', 'fleet')
    .requiredOption('--reason <text>', 'why')
    .option('--for <duration>', 'for how long, 1h when not given, at most 90d', durationMs, HOUR_MS)
    .option('--owner <name>', 'whom to ask, you when not given')
    .option('--drill', 'it is a drill: shown as one')
    .action((scope: string, { reason, owner, drill, ...options }: PauseOptions) =>
      run(async (context) => {
        const hold = await context.api.healing.hold({
          kind: drill === true ? 'drill' : 'pause',
          scope,
          reason,
          untilMs: context.nowMs() + options.for,
          ...(owner === undefined ? {} : { owner }),
        });
        return show(context, hold, () => holdLine(hold));
      }),
    );
  healing
    .command('resume')
    .description('Let healing go on before the time')
    .argument('[name|id]', 'what was paused; the whole fleet when not given', 'fleet')
    .action((name: string) =>
      run(async (context) => {
        const holds = (await context.api.healing.holds()).filter(({ id, scope }) => id === name || scope === name);
        if (holds.length === 0) {
          throw new BrambleError('not-found', `healing of ${visible(name, 63)} is not paused`, {
            hint: '`bramble healing status` lists who holds what',
          });
        }
        for (const { id } of holds) await context.api.healing.lift(id);
        return show(context, { resumed: holds }, () =>
          holds.map(({ scope }) => `healing of ${visible(scope)} goes on`).join('\n'),
        );
      }),
    );
}

function show<Value>(context: CliContext, value: Value, textOf: (value: Value, nowMs: number) => string): number {
  const { format } = context.screen;
  const text = format === 'json' || format === 'yaml' ? renderData(value, format) : textOf(value, context.nowMs());
  context.out(`${text}\n`);
  return EXIT.ok;
}

function statusText(status: HealingStatus, nowMs: number): string {
  const { graceMs, heldBecause, states, unlisted, unenrolled } = status;
  const policy = `${visible(status.policyName)} (${status.policy})`;
  const mode = status.mode === 'enforce' ? `acts, by policy ${policy}` : `only watches, by policy ${policy}`;
  const counts = Object.entries(states).map(([state, count]) => `${count} ${state}`);
  return [
    `Healing ${mode}; it looks at ${status.nodesWatched} nodes, last ${ago(status.lastPassAtMs, nowMs)}`,
    ...(graceMs > 0
      ? [`It listens for ${renderDuration(graceMs)} more before it judges: the controller has just started`]
      : []),
    ...(heldBecause === undefined ? [] : [`Held since a restore: ${visible(heldBecause, 500)}; see bramble promote`]),
    `Nodes that are not simply healthy: ${counts.length === 0 ? 'none' : counts.join(', ')}`,
    ...list(
      'Shared causes',
      status.causes.map(
        ({ name, verdict, sinceMs, nodes }) =>
          `${visible(name)}: ${verdict}; holds ${nodes} nodes since ${ago(sinceMs, nowMs)}`,
      ),
    ),
    ...list(
      'Storms',
      status.storms.map(({ domain, sinceMs }) => `${visible(domain)}, since ${ago(sinceMs, nowMs)}`),
    ),
    ...list('Holds', status.holds.map(holdLine)),
    ...list(
      'Acts under way',
      status.actions.map((action) => actionLine(action, nowMs)),
    ),
    ...list(
      'Enrolled, and not in the topology',
      unlisted.map((name) => visible(name)),
    ),
    ...list(
      'In the topology, and not enrolled',
      unenrolled.map((name) => visible(name)),
    ),
  ].join('\n');
}

function list(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];
}

function holdLine({ kind, scope, owner, reason, untilMs }: HoldView): string {
  const until = `${new Date(untilMs).toISOString().slice(0, 16)}Z`;
  return `${kind} of ${visible(scope)} until ${until}, by ${visible(owner)}: ${visible(reason, 500)}`;
}

function actionLine({ node, rung, state, plannedAtMs, detail }: ActionView, nowMs: number): string {
  const more = detail === '' ? '' : `: ${visible(detail, 200)}`;
  return `${visible(node)}: ${rung}, ${state}, planned ${ago(plannedAtMs, nowMs)}${more}`;
}

function policyLine({ revision, name, version, hash, mode, atMs, actor }: PolicyView, nowMs: number): string {
  const by =
    atMs === undefined || actor === undefined
      ? 'built in'
      : `revision ${revision}, set ${ago(atMs, nowMs)} by ${visible(actor)}`;
  return `# ${visible(name)} ${version} (${hash}), mode ${mode}, ${by}`;
}

function visibleLines(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => visible(line, 1_000))
    .join('\n');
}

function policyListing(nowMs: number): Listing<PolicyView> {
  return {
    columns: [
      { title: 'REVISION', text: ({ revision }) => String(revision) },
      { title: 'NAME', text: ({ name }) => name },
      { title: 'VERSION', text: ({ version }) => String(version) },
      { title: 'MODE', text: ({ mode }) => mode },
      { title: 'HASH', text: ({ hash }) => hash },
      { title: 'SET', text: ({ atMs }) => ago(atMs, nowMs) },
      { title: 'BY', text: ({ actor }) => actor ?? '' },
    ],
    name: ({ revision }) => `policy/${revision}`,
    empty: 'Nobody has set a policy: the built-in one only watches.',
  };
}
