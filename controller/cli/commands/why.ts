import type { CommandView, ConditionView, EventView, NodeDetail } from '../../../proto/contract/api/fleet.js';
import type { NodeHealingView } from '../../../proto/contract/api/healing.js';
import { visible } from '../../../proto/contract/visible.js';
import type { CliContext } from '../context.js';
import { EXIT } from '../errors.js';
import { actionText, ago, outcomeText } from '../listings.js';
import { renderData } from '../output.js';
import { resolveNode } from '../resolve.js';
import type { Register } from './register.js';

const EVENTS_SHOWN = 5;
const DECISIONS_SHOWN = 5;
const SETTLED: ReadonlySet<CommandView['state']> = new Set(['succeeded', 'failed', 'rejected', 'lapsed']);
/** What boot_reason_state carries, in words. */
const BOOT_REASONS = ['', 'power-on', 'an orderly restart', 'the watchdog', 'a kernel panic', 'low voltage'];

interface Known {
  readonly node: NodeDetail;
  readonly openCommands: readonly CommandView[];
  readonly events: readonly EventView[];
  readonly healing: NodeHealingView;
}

export const registerWhy: Register = (program, run) => {
  program
    .command('why')
    .description('Why a node is in its state: what is wrong and since when, contact, boot, commands, what happened')
    .argument('<name|id>')
    .action((nameOrId: string) =>
      run(async (context) => {
        const { id } = await resolveNode(context.api, nameOrId);
        const [node, commands, events, healing] = await Promise.all([
          context.api.node(id),
          context.api.commands(id),
          context.api.events({ node: id }, EVENTS_SHOWN),
          context.api.healing.node(id, DECISIONS_SHOWN),
        ]);
        const known: Known = {
          node,
          openCommands: commands.filter(({ state }) => !SETTLED.has(state)),
          events,
          healing,
        };
        const { format } = context.screen;
        if (format === 'json' || format === 'yaml') context.out(`${renderData(known, format)}\n`);
        else if (format === 'name') context.out(`node/${visible(node.name)}\n`);
        else context.out(`${renderWhy(context, known)}\n`);
        return EXIT.ok;
      }),
    );
};

/** The answer first, then what it rests on. */
function renderWhy(context: CliContext, { node, openCommands, events, healing }: Known): string {
  const nowMs = context.nowMs();
  return [
    `${visible(node.name)} is ${node.state}: ${visible(node.why, 500)}`,
    ...section('Troubles', troublesOf(node.conditions, nowMs), 'none'),
    ...section('Contact', contactOf(node, nowMs), ''),
    ...section('Boot', bootOf(node, nowMs), 'nothing is known of it'),
    ...section('Healing', healingOf(healing, nowMs), ''),
    ...section(
      'Open commands',
      openCommands.map((command) => commandLine(command, nowMs)),
      'none',
    ),
    ...section(
      'What happened last',
      events.map((event) => `${ago(event.atMs, nowMs)}: ${visible(event.reason)}: ${visible(event.message, 500)}`),
      'nothing',
    ),
  ].join('\n');
}

function section(title: string, lines: readonly string[], empty: string): readonly string[] {
  return [title, ...(lines.length === 0 ? [empty] : lines).map((line) => `  ${line}`)];
}

const WEIGHT = { error: 0, warning: 1, info: 2 } as const;

/** The worst first, and of equals the oldest: the first trouble often made the others. */
function troublesOf(conditions: readonly ConditionView[], nowMs: number): readonly string[] {
  return conditions
    .filter(({ status }) => status === 'true')
    .toSorted((a, b) => WEIGHT[a.severity] - WEIGHT[b.severity] || a.sinceMs - b.sinceMs)
    .flatMap(({ type, instance, severity, sinceMs, message, remedy }) => [
      `${severity}  ${type}${instance === '' ? '' : ` (${visible(instance)})`}, since ${ago(sinceMs, nowMs)}`,
      `  because  ${visible(message, 500)}`,
      `  what to do  ${visible(remedy, 500)}`,
    ]);
}

function contactOf(node: NodeDetail, nowMs: number): readonly string[] {
  const since = node.connectedSinceMs;
  return [
    `${node.liveness}: last seen ${ago(node.lastSeenMs, nowMs)}`,
    since === undefined ? 'not connected' : `connected since ${ago(since, nowMs)}`,
  ];
}

function bootOf({ facts, bootedAtMs }: NodeDetail, nowMs: number): readonly string[] {
  const value = (name: string) => facts.find(({ fact }) => fact === name)?.value;
  const reason = BOOT_REASONS[Number(value('boot_reason_state') ?? 0)] ?? '';
  const crash = value('boot_crash_text');
  return [
    ...(bootedAtMs === undefined ? [] : [`booted ${ago(bootedAtMs, nowMs)}`]),
    ...(reason === '' ? [] : [`because of ${reason}`]),
    ...(crash === undefined || crash === '' ? [] : [`left behind: ${visible(String(crash), 300)}`]),
  ];
}

/** Where it stands, then what was decided about it: an act, or which guard spoke against it. */
function healingOf({ state, sinceMs, tried, isListed, records }: NodeHealingView, nowMs: number): readonly string[] {
  const since = sinceMs === undefined ? '' : ` since ${ago(sinceMs, nowMs)}`;
  return [
    `${state}${since}${tried.length === 0 ? '' : `; tried ${tried.join(', ')}`}`,
    ...(isListed ? [] : ['the topology does not say where it stands: nobody of ours powers or boots it']),
    ...records.flatMap(({ atMs, decision, words, evidence, passed, policy }) => [
      `${ago(atMs, nowMs)}: ${decision}: ${visible(words, 1_000)}`,
      ...(evidence === '' ? [] : [`  seen: ${visible(evidence, 500)}`]),
      ...(passed.length === 0 ? [] : [`  nothing against it from ${passed.join(', ')}; policy ${visible(policy, 20)}`]),
    ]),
  ];
}

function commandLine(command: CommandView, nowMs: number): string {
  const outcome = outcomeText(command);
  const why = outcome === '' ? '' : ` (${visible(outcome, 200)})`;
  const by = `by ${visible(command.actor)}: ${visible(command.reason, 200)}`;
  return `${visible(actionText(command.action))}, ${command.state}${why} since ${ago(command.updatedAtMs, nowMs)}, ${by}`;
}
