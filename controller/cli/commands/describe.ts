import type { ConditionView, EventView, NodeDetail, NodeView } from '../../../proto/contract/api/fleet.js';
import { fileserverGroups } from '../../../proto/contract/fileserver/groups.js';
import { visible } from '../../../proto/contract/visible.js';
import type { CliContext } from '../context.js';
import { EXIT } from '../errors.js';
import { ago, commandListing, EVENT_LISTING, labelsText } from '../listings.js';
import { renderData, renderListing, renderPairs } from '../output.js';
import { resolveNode } from '../resolve.js';
import { describeSite } from './describe-site.js';
import { maintenanceText } from './maintenance.js';
import type { Register } from './register.js';

const EVENTS_SHOWN = 10;
const COMMANDS_SHOWN = 5;

export const registerDescribe: Register = (program, run) => {
  const describe = program.command('describe').description('Everything that is known of one node or site');
  describe
    .command('node')
    .argument('<name|id>')
    .action((nameOrId: string) => run((context) => describeNode(context, nameOrId)));
  describe
    .command('site')
    .argument('<site>')
    .action((name: string) => run((context) => describeSite(context, name)));
};

/** @throws BrambleError `not-found` */
export async function describeNode(context: CliContext, nameOrId: string): Promise<number> {
  const listed = await resolveNode(context.api, nameOrId);
  const { id } = listed;
  const [node, events] = await Promise.all([context.api.node(id), context.api.events({ node: id }, EVENTS_SHOWN)]);
  const { format } = context.screen;
  if (format === 'json' || format === 'yaml') context.out(`${renderData({ node, events }, format)}\n`);
  else if (format === 'name') context.out(`node/${visible(node.name)}\n`);
  else context.out(`${await renderNode(context, { node, listed, events })}\n`);
  return EXIT.ok;
}

interface Described {
  readonly node: NodeDetail;
  /** The same node in the fleet's list, whose conditions are those that say something. */
  readonly listed: NodeView;
  readonly events: readonly EventView[];
}

async function renderNode(context: CliContext, { node, listed, events }: Described): Promise<string> {
  const now = context.nowMs();
  const sections = [
    renderPairs([
      ['Name', node.name],
      ['Id', node.id],
      ['State', `${node.state}: ${node.why}`],
      ['Site', node.site],
      ['Kind', node.kind],
      ['Last seen', ago(node.lastSeenMs, now)],
      ['Connected', node.connectedSinceMs === undefined ? 'no' : `since ${ago(node.connectedSinceMs, now)}`],
      ['Booted', node.bootedAtMs === undefined ? 'unknown' : ago(node.bootedAtMs, now)],
      ['Model', node.model],
      ['Serial', node.serial],
      ['MAC', node.macAddresses.join(', ')],
      ['Agent', node.agentVersion],
      ['Labels', labelsText(node.labels)],
      ['Can', capabilitiesText(node)],
      ['Maintenance', maintenanceText(node.maintenance)],
    ]),
    `Conditions\n${indent(renderConditions(node, listed, now))}`,
    ...fileserverSections(node, now),
    `Facts\n${indent(renderFacts(node))}`,
    `Events\n${indent(renderListing(EVENT_LISTING, events, undefined, context.screen))}`,
  ];
  const commands = await commandsOf(context, node.id);
  if (commands !== undefined) sections.push(`Commands\n${indent(commands)}`);
  return sections.join('\n\n');
}

function fileserverSections(node: NodeDetail, nowMs: number): readonly string[] {
  if (node.kind !== 'fileserver') return [];
  const groups = fileserverGroups(node.facts, { nowMs, bootedAtMs: node.bootedAtMs });
  return groups.map(({ title, rows }) => {
    const inert = rows.map(([label, value]): [string, string] => [visible(label, 120), visible(value, 500)]);
    return `${title}\n${indent(renderPairs(inert))}`;
  });
}

/** Commands are the administrator's door only; through the page's address there is no such section. */
async function commandsOf(context: CliContext, id: string): Promise<string | undefined> {
  const commands = await context.api.commands(id).catch(() => undefined);
  if (commands === undefined) return undefined;
  const newest = commands.toSorted((a, b) => b.issuedAtMs - a.issuedAtMs).slice(0, COMMANDS_SHOWN);
  return renderListing(commandListing(context.nowMs()), newest, undefined, context.screen);
}

function renderConditions(node: NodeDetail, listed: NodeView, nowMs: number): string {
  const told = listed.conditions.filter((condition) => condition.status !== 'false');
  const lines = told.map((condition) => {
    const word = condition.status === 'unknown' ? 'unknown' : condition.severity;
    const since = ago(condition.sinceMs, nowMs);
    const message = `${word} ${nameOf(condition)} since ${since}: ${visible(condition.message)}`;
    return `${message}\n  -> ${visible(condition.remedy)}`;
  });
  if (lines.length === 0) lines.push('no check found trouble');
  const toldNames = new Set(told.map(nameOf));
  const blind = node.conditions.filter((condition) => condition.status === 'unknown').map(nameOf);
  const untold = blind.filter((name) => !toldNames.has(name));
  if (untold.length > 0) lines.push(`no data for ${untold.join(', ')}`);
  return lines.join('\n');
}

function capabilitiesText({ capabilities, capabilityOverrides }: NodeDetail): string {
  return Object.entries(capabilities)
    .map(([name, value]) => `${name} ${value}${Object.hasOwn(capabilityOverrides, name) ? ' (set)' : ''}`)
    .join(', ');
}

function nameOf({ type, instance }: ConditionView): string {
  return instance === '' ? type : `${type} (${visible(instance)})`;
}

function renderFacts(node: NodeDetail): string {
  if (node.facts.length === 0) return 'none yet';
  const pairs = node.facts.map(({ fact, instance, value }): [string, string] => [
    instance === '' ? fact : `${fact}{${visible(instance)}}`,
    String(value),
  ]);
  return renderPairs(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
