import type { IncidentDetail, IncidentView } from '../../../proto/contract/api/incidents.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import { type CliContext, print } from '../context.js';
import { EXIT } from '../errors.js';
import { ago } from '../listings.js';
import { type Listing, renderData } from '../output.js';
import { type Register, wholeNumber } from './register.js';

/** Letters of an id that tell incidents apart at a glance: the last ones, the first are the time. */
const SHORT_LENGTH = 6;
const NEWEST = 200;

/** `bramble incident ...`: what is wrong, once per cause, and what people say of it. */
export const registerIncident: Register = (program, run) => {
  const incident = program.command('incident').description('What is wrong, once per cause, why, and what was done');
  incident
    .command('list')
    .description('Open incidents, newest first')
    .option('--all', 'closed ones too')
    .option('--limit <count>', 'how many', wholeNumber, 50)
    .action(({ all, limit }: { readonly all?: boolean; readonly limit: number }) =>
      run(async (context) => {
        const list = await context.api.healing.incidents.list(all === true ? 'all' : 'open', limit);
        print(context, incidentListing(context.nowMs()), list.incidents, list);
        return EXIT.ok;
      }),
    );
  incident
    .command('show')
    .description('One incident: evidence from every side, who suffers, what is held and why, and its story')
    .argument('<id>', 'as `bramble incident list` shows it')
    .action((id: string) =>
      run(async (context) => show(context, await context.api.healing.incidents.get(await find(context, id)))),
    );
  incident
    .command('ack')
    .description('Say that you see to it')
    .argument('<id>')
    .action((id: string) =>
      run(async (context) =>
        said(context, await context.api.healing.incidents.acknowledge(await find(context, id)), 'yours'),
      ),
    );
  incident
    .command('comment')
    .description('Add a line to its story')
    .argument('<id>')
    .argument('<text>')
    .action((id: string, text: string) =>
      run(async (context) =>
        said(context, await context.api.healing.incidents.comment(await find(context, id), text), 'noted'),
      ),
    );
  incident
    .command('close')
    .description('Close it before it closes by itself; the same cause alerts nobody again before it was healthy')
    .argument('<id>')
    .requiredOption('--reason <text>', 'why')
    .action((id: string, { reason }: { readonly reason: string }) =>
      run(async (context) =>
        said(context, await context.api.healing.incidents.close(await find(context, id), reason), 'closed'),
      ),
    );
};

/** A whole id, the last letters of one, or what it is about. @throws BrambleError `not-found`, `failed-precondition` */
async function find({ api }: CliContext, text: string): Promise<string> {
  const { incidents } = await api.healing.incidents.list('all', NEWEST);
  const named = incidents.filter(({ cause, state }) => state === 'open' && cause.split(':').at(-1) === text);
  const found = named.length > 0 ? named : incidents.filter(({ id }) => id === text || id.endsWith(text));
  if (found.length === 1 && found[0] !== undefined) return found[0].id;
  if (found.length === 0 && text.length > SHORT_LENGTH) return text; // an older one, perhaps: the controller says
  throw new BrambleError(
    found.length === 0 ? 'not-found' : 'failed-precondition',
    `${found.length === 0 ? 'no' : 'more than one'} incident is called ${visible(text, 63)}`,
    { hint: '`bramble incident list --all` shows their ids' },
  );
}

function incidentListing(nowMs: number): Listing<IncidentView> {
  return {
    columns: [
      { title: 'ID', text: ({ id }) => id.slice(-SHORT_LENGTH) },
      { title: 'STATE', text: stateText, tone: ({ state }) => (state === 'open' ? 'bad' : 'dim') },
      { title: 'SITE', text: ({ site }) => site ?? 'all' },
      { title: 'SINCE', text: ({ openedAtMs }) => ago(openedAtMs, nowMs) },
      { title: 'NODES', text: ({ members }) => String(members.length) },
      { title: 'SEVERITY', text: ({ severity }) => severity, wide: true },
      { title: 'WHAT', text: ({ title }) => title },
    ],
    name: ({ id }) => `incident/${id}`,
    empty: 'Nothing is wrong that is known. `bramble incident list --all` shows what was.',
  };
}

function stateText({ state, acknowledgedBy, wellSinceMs }: IncidentView): string {
  if (state === 'closed') return 'closed';
  if (wellSinceMs !== undefined) return 'settling';
  return acknowledgedBy === undefined ? 'open' : 'acknowledged';
}

function said(context: CliContext, incident: IncidentView, what: string): number {
  return output(context, incident, () => `${visible(incident.title, 500)}: ${what}`);
}

function show(context: CliContext, incident: IncidentDetail): number {
  return output(context, incident, (nowMs) => detailText(incident, nowMs));
}

function output<Value>(context: CliContext, value: Value, textOf: (nowMs: number) => string): number {
  const { format } = context.screen;
  const text = format === 'json' || format === 'yaml' ? renderData(value, format) : textOf(context.nowMs());
  context.out(`${text}\n`);
  return EXIT.ok;
}

function detailText(incident: IncidentDetail, nowMs: number): string {
  const { title, sides, members, timeline, openedAtMs, acknowledgedBy, closedBy, closedAtMs } = incident;
  const end =
    closedAtMs === undefined
      ? ''
      : `; closed ${ago(closedAtMs, nowMs)}${closedBy === undefined ? ' by itself' : ` by ${closedBy}`}`;
  const seen = acknowledgedBy === undefined ? '' : `; ${visible(acknowledgedBy)} sees to it`;
  return [
    visible(title, 500),
    `${stateText(incident)}, ${incident.severity}, opened ${ago(openedAtMs, nowMs)}${seen}${end}`,
    'What each side says',
    ...sides.map(
      ({ side, name, words }) => `  ${side}${name === '' ? '' : ` ${visible(name, 200)}`}: ${visible(words, 500)}`,
    ),
    `Nodes (${members.length})`,
    ...members.map(memberLine),
    'What happened',
    ...timeline.map(entryLine),
  ].join('\n');
}

function memberLine({ name, state, heldBecause, wellSinceMs }: IncidentDetail['members'][number]): string {
  const how = wellSinceMs === undefined ? state : `well again (${state})`;
  return `  ${visible(name)}: ${how}${heldBecause === '' ? '' : `; nothing is done now: ${visible(heldBecause, 500)}`}`;
}

function entryLine({ atMs, kind, about, words, actor }: IncidentDetail['timeline'][number]): string {
  const time = new Date(atMs).toISOString().slice(11, 19);
  const who = [about, actor].filter((part) => part !== '').map((part) => visible(part));
  return `  ${time}  ${kind.padEnd(12)}  ${who.length === 0 ? '' : `${who.join(', ')}: `}${visible(words, 1_000)}`;
}
