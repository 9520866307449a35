import { expect, test } from 'vitest';
import { advanceIncidents, type IncidentStep } from './advance.js';
import type { Incident } from './incident.js';
import type { CauseSign, IncidentSigns, NodeSign } from './signs.js';

const SETTLE_MS = 100;
const PATIENCE_MS = 60;

const node = (name: string, over: Partial<NodeSign> = {}): NodeSign => ({
  name,
  site: 'cam',
  place: 'site cam, shelf s3, port sw-1/12 (board 3b 00000000aa123456)',
  state: 'diagnosing',
  cause: undefined,
  wellSinceMs: undefined,
  troubleSinceMs: 0,
  row: 'hung',
  verdict: 'it hangs',
  heldBecause: '',
  sides: [{ side: 'agent', name, words: 'silent' }],
  isExcused: false,
  ...over,
});

const cause = (name: string, over: Partial<CauseSign> = {}): CauseSign => ({
  name,
  row: 'switch-gone',
  verdict: 'its switch is gone',
  site: 'cam',
  severity: 'critical',
  sides: [],
  isSilenceOnly: false,
  isExcused: false,
  sinceMs: 0,
  ...over,
});

const signs = (nowMs: number, nodes: readonly NodeSign[], over: Partial<IncidentSigns> = {}): IncidentSigns => ({
  nowMs,
  isListening: true,
  settleMs: SETTLE_MS,
  patienceMs: PATIENCE_MS,
  causes: [],
  nodes: new Map(nodes.map((one) => [one.name, one])),
  records: [],
  actions: [],
  ...over,
});

/** Passes one after another, each on what the ones before left. */
class Story {
  live: readonly Incident[] = [];
  readonly words: string[] = [];
  #ids = 0;

  pass(seen: IncidentSigns): IncidentStep {
    const step = advanceIncidents(this.live, seen, () => `i${++this.#ids}`);
    const changed = new Map(step.changed.map((incident) => [incident.id, incident]));
    const kept = this.live.map((incident) => changed.get(incident.id) ?? incident);
    const known = new Set(kept.map(({ id }) => id));
    this.live = [...kept, ...step.changed.filter(({ id }) => !known.has(id))].filter(
      ({ overAtMs }) => overAtMs === undefined,
    );
    this.words.push(...step.entries.map(({ kind, words }) => `${kind}: ${words}`));
    return step;
  }

  get causes(): readonly string[] {
    return this.live.map((incident) => incident.cause);
  }
}

test('a node in trouble gets one incident, however many passes see it', () => {
  const story = new Story();
  expect(story.pass(signs(1, [node('pi-1')])).opened.map((incident) => incident.cause)).toEqual(['node:pi-1']);
  expect(story.pass(signs(2, [node('pi-1')])).changed).toEqual([]);
  expect(story.words).toEqual(['signal: it hangs. agent side: silent']);
});

test('another diagnosis is told with what every side says by then', () => {
  const story = new Story();
  story.pass(signs(1, [node('pi-1', { row: '', verdict: 'it is silent' })]));
  const sides = [{ side: 'fileserver', name: 'fs-1', words: 'nobody reads its root' }] as const;
  story.pass(signs(2, [node('pi-1', { sides })]));
  expect(story.words.at(-1)).toBe('signal: it looks different now: it hangs. fileserver side: nobody reads its root');
});

test('a node that may only be late is nobody’s business yet', () => {
  const story = new Story();
  story.pass(signs(1, [node('pi-1', { state: 'suspect' })]));
  expect(story.causes).toEqual([]);
});

test('what suffers from a known cause gets no incident of its own and is named as a member', () => {
  const story = new Story();
  const held = [node('pi-1', { cause: 'switch:sw-1', state: 'held-by-cause' })];
  story.pass(signs(1, held, { causes: [cause('switch:sw-1')] }));
  expect(story.causes).toEqual(['switch:sw-1']);
  expect(story.live[0]?.members.map(({ name }) => name)).toEqual(['pi-1']);
});

test('an incident that is there already is not taken back when its cause turns out to be shared', () => {
  const story = new Story();
  story.pass(signs(1, [node('pi-1')]));
  const held = [node('pi-1', { cause: 'switch:sw-1', state: 'held-by-cause' })];
  story.pass(signs(2, held, { causes: [cause('switch:sw-1')] }));
  expect(story.causes).toEqual(['node:pi-1', 'switch:sw-1']);
});

test('it closes once cause and members have been healthy for the settle time, and not before', () => {
  const story = new Story();
  const held = [node('pi-1', { cause: 'switch:sw-1', state: 'held-by-cause' })];
  story.pass(signs(1, held, { causes: [cause('switch:sw-1')] }));
  story.pass(signs(10, held));
  expect(story.causes).toEqual(['switch:sw-1']); // the cause is gone, the member suffers
  story.pass(signs(20, []));
  expect(story.pass(signs(20 + SETTLE_MS - 1, [])).closed).toEqual([]);
  const { closed } = story.pass(signs(20 + SETTLE_MS, []));
  expect(closed.map(({ closedAtMs, closedBy }) => [closedAtMs, closedBy])).toEqual([[20 + SETTLE_MS, '']]);
  expect(story.causes).toEqual([]);
});

test('T-29 trouble that comes back while it settles, however often, is the same incident, and is told', () => {
  const story = new Story();
  story.pass(signs(1, [node('pi-1')]));
  story.pass(signs(2, [node('pi-1', { wellSinceMs: 2 })]));
  story.pass(signs(3, [node('pi-1')]));
  story.pass(signs(2 + SETTLE_MS, [node('pi-1', { wellSinceMs: 50 })]));
  for (let turn = 3; turn < 20; turn++) {
    story.pass(signs(turn * SETTLE_MS, [node('pi-1')]));
    story.pass(signs((turn + 0.5) * SETTLE_MS, [node('pi-1', { wellSinceMs: 50 })]));
  }
  expect(story.live.map(({ id, cause }) => `${id} ${cause}`)).toEqual(['i1 node:pi-1']);
  expect(story.words).toContain('signal: it is in trouble again');
});

test('a member whose trouble outlives the cause gets its own, and does not keep the cause’s open', () => {
  const story = new Story();
  const held = [node('pi-1', { cause: 'switch:sw-1', state: 'held-by-cause' })];
  story.pass(signs(1, held, { causes: [cause('switch:sw-1')] }));
  story.pass(signs(2, [node('pi-1', { state: 'suspect' })]));
  expect(story.causes).toEqual(['switch:sw-1']);
  story.pass(signs(3, [node('pi-1')]));
  story.pass(signs(3 + SETTLE_MS, [node('pi-1')]));
  expect(story.causes).toEqual(['node:pi-1']);
});

test('closed by people, the same cause opens nothing new before it was healthy', () => {
  const story = new Story();
  story.pass(signs(1, [node('pi-1')]));
  story.live = story.live.map((incident) => ({ ...incident, closedAtMs: 2, closedBy: 'kim' }));
  expect(story.pass(signs(3, [node('pi-1')])).opened).toEqual([]);
  story.pass(signs(4, []));
  const { closed, changed } = story.pass(signs(4 + SETTLE_MS, []));
  expect([closed.length, changed.length]).toEqual([0, 1]); // over, and told to nobody a second time
  expect(story.pass(signs(5 + SETTLE_MS, [node('pi-1')])).opened).toHaveLength(1);
});

test('a silent observer is given time, and belongs to its site’s incident when the whole site went', () => {
  const story = new Story();
  const silent = cause('switch:sw-1', { row: 'silent', isSilenceOnly: true, sinceMs: 0 });
  story.pass(signs(PATIENCE_MS - 1, [], { causes: [silent] }));
  expect(story.causes).toEqual([]);
  story.pass(signs(PATIENCE_MS, [], { causes: [cause('site:cam', { row: 'site-dark' }), silent] }));
  expect(story.causes).toEqual(['site:cam']);
  const alone = new Story();
  alone.pass(signs(PATIENCE_MS, [], { causes: [silent] }));
  expect(alone.causes).toEqual(['switch:sw-1']);
});

test('under maintenance or a drill nobody is alarmed', () => {
  const story = new Story();
  const causes = [cause('switch:sw-1', { isExcused: true })];
  story.pass(signs(1, [node('pi-1', { isExcused: true })], { causes }));
  expect(story.causes).toEqual([]);
});

test('a controller that has just started neither opens nor closes anything', () => {
  const story = new Story();
  story.pass(signs(1, [node('pi-1')]));
  story.pass(signs(2, [], { isListening: false }));
  story.pass(signs(900, [], { isListening: false }));
  expect(story.causes).toEqual(['node:pi-1']);
  story.pass(signs(901, [node('pi-1'), node('pi-2')], { isListening: false }));
  expect(story.causes).toEqual(['node:pi-1']);
});

test('acts and their ends are told in plain words', () => {
  const story = new Story();
  story.pass(signs(1, [node('pi-1', { state: 'acting' })]));
  const act = { id: 'a1', name: 'pi-1', rung: 'R4', detail: 'off for 20 s', atMs: 5 } as const;
  story.pass(signs(6, [node('pi-1', { state: 'verifying' })], { actions: [{ ...act, state: 'succeeded' }] }));
  expect(story.words).toContain('action: cut its power and give it back: done: off for 20 s');
});
