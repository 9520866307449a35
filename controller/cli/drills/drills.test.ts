import { describe, expect, test } from 'vitest';
import type { NodeView } from '../../../proto/contract/api/fleet.js';
import type { HealingStatus } from '../../../proto/contract/api/healing.js';
import type { IncidentView } from '../../../proto/contract/api/incidents.js';
import { SITE_TOPOLOGY } from '../../usecases/testing/healing-site.js';
import { nodeDetail } from '../../web/testing/fixtures.js';
import { candidates, chooseSample, isWorkingTime, obstacles, roundsOf, type SiteSeen, sampleSize } from './prepare.js';
import { reportOf, reportText } from './report.js';
import type { DrillResult } from './terms.js';

const node = (name: string, over: Partial<NodeView> = {}): NodeView => ({
  ...nodeDetail(),
  name,
  id: `n-${name}`,
  site: 'lab',
  kind: 'pi',
  state: 'ready',
  conditions: [],
  ...over,
});
const healing: HealingStatus = {
  mode: 'enforce',
  policy: 'p',
  policyName: 'p',
  policyRevision: 1,
  graceMs: 0,
  nodesWatched: 4,
  unlisted: [],
  unenrolled: [],
  states: {},
  causes: [],
  storms: [],
  holds: [],
  actions: [],
};
const pis = ['pi-1', 'pi-2', 'pi-3', 'pi-4'].map((name) => node(name));
const seen = (over: Partial<SiteSeen> = {}): SiteSeen => ({
  site: 'lab',
  nodes: [...pis, node('sw-1', { kind: 'switch' }), node('fs-1', { kind: 'fileserver' })],
  topology: SITE_TOPOLOGY,
  healing,
  incidents: [],
  ...over,
});

describe('before a drill', () => {
  test.for([
    ['5%', 24, 1],
    ['5%', 100, 5],
    ['50%', 5, 3],
    ['3', 24, 3],
    ['30', 24, 24],
    ['100%', 7, 7],
    ['0%', 7, undefined],
    ['five', 7, undefined],
    ['5%', 0, undefined],
  ] as const)('a sample of %s of %i is %s', ([text, of, size]) => {
    expect(sampleSize(text, of)).toBe(size);
  });

  test.for([
    ['2026-11-18T10:00:00Z', 0, true],
    ['2026-11-18T08:59:00Z', 0, false],
    ['2026-11-18T16:00:00Z', 0, false],
    ['2026-11-21T10:00:00Z', 0, false],
    ['2026-11-18T08:30:00Z', 60, true],
    ['2026-11-20T23:30:00Z', 600, false],
  ] as const)('%s at offset %i min: somebody is there = %s', ([at, offsetMin, isThere]) => {
    expect(isWorkingTime(Date.parse(at), offsetMin)).toBe(isThere);
  });

  test('real trouble, a fileserver that is not well, a second drill and a controller that listens stand against it', () => {
    expect(obstacles(seen())).toEqual([]);
    const nodes = seen().nodes.map((one) => (one.kind === 'fileserver' ? { ...one, state: 'troubled' as const } : one));
    expect(obstacles(seen({ nodes }))).toEqual(['fs-1 is troubled']);
    const incident = { title: 'pi-9: it hangs', site: 'lab' } as IncidentView; // what is read of it
    expect(obstacles(seen({ incidents: [incident] }))).toHaveLength(1);
    expect(obstacles(seen({ incidents: [{ ...incident, site: 'cellar' }] }))).toEqual([]);
    const hold = { id: 'h', kind: 'drill', scope: 'lab', owner: 'kim', reason: 'x', sinceMs: 0, untilMs: 1 } as const;
    expect(obstacles(seen({ healing: { ...healing, graceMs: 5, holds: [hold] } }))).toHaveLength(2);
    expect(obstacles(seen({ nodes: [] }))).toHaveLength(1);
  });

  test('only healthy Pis on ports of a switch that reports take part', () => {
    expect(
      candidates('power-cycle', seen()).map(({ node: one, by, port }) => `${one.name} ${by.name} ${port}`),
    ).toEqual(['pi-1 sw-1 swp1', 'pi-2 sw-1 swp2', 'pi-3 sw-1 swp3', 'pi-4 sw-1 swp4']);
    const nodes = seen().nodes.map((one) => (one.name === 'pi-2' ? { ...one, state: 'no-contact' as const } : one));
    expect(candidates('power-cycle', seen({ nodes }))).toHaveLength(3);
    const noSwitch = seen().nodes.filter(({ kind }) => kind !== 'switch');
    expect(candidates('power-cycle', seen({ nodes: noSwitch }))).toEqual([]);
    const [fileserver] = candidates('fileserver', seen());
    expect(fileserver?.watched.map(({ name }) => name)).toEqual(['fs-1', 'pi-1', 'pi-2', 'pi-3', 'pi-4']);
  });

  test('an uplink takes everybody who is ready, the first one alone and then all others at once', () => {
    const all = candidates('uplink', seen());
    expect(all.map(({ node: one, by }) => `${one.name} ${by.name}`)).toContain('fs-1 fs-1');
    expect(all).toHaveLength(6);
    expect(roundsOf('uplink', all).map((round) => round.length)).toEqual([1, 5]);
    expect(roundsOf('uplink', all.slice(0, 1)).map((round) => round.length)).toEqual([1]);
    expect(roundsOf('power-cycle', all).map((round) => round.length)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test('everybody has their turn as days go by', () => {
    const all = candidates('power-cycle', seen());
    const days = [0, 1, 2, 3].map((day) => chooseSample(all, 1, day * 86_400_000)[0]?.node.name);
    expect([...days].sort()).toEqual(['pi-1', 'pi-2', 'pi-3', 'pi-4']);
    expect(new Set(chooseSample(all, 3, 86_400_000)).size).toBe(3);
  });
});

describe('after a drill', () => {
  const terms = { kind: 'power-cycle', site: 'lab', withinMs: 60_000, reason: 'x', awayMs: 60_000 } as const;
  const targets = candidates('power-cycle', seen()).slice(0, 2);
  const back = (name: string, over: Partial<DrillResult> = {}): DrillResult => {
    return { name, backAfterMs: 30_000, problem: '', newTroubles: [], standby: 'worked', ...over };
  };

  test('all came back in time and as they were: it went well', () => {
    const report = reportOf(terms, targets, [back('pi-1'), back('pi-2', { backAfterMs: 40_000 })]);
    expect(report).toMatchObject({ passed: true, slowestMs: 40_000 });
    expect(reportText(report, targets, 60_000)).toContain('The drill went well.');
  });

  test.for([
    ['the order ended as failed', 'failed', { standbyWorked: false, everythingRecovered: false }],
    ['not well again in time: pi-1', 'worked', { standbyWorked: false, fastEnough: false }],
  ] as const)('%s: it failed, and nobody else was touched', ([problem, standby, expected]) => {
    const report = reportOf(terms, targets, [back('pi-1', { backAfterMs: undefined, problem, standby })]);
    expect(report).toMatchObject({ passed: false, ...expected });
    expect(reportText(report, targets, 60_000)).toContain('Not touched: 1 of 2');
  });

  test.for([
    [['worked', 'worked'], 'yes: 2 of 2 came back over another address', true],
    [['worked', 'none'], 'yes: 1 of 2 came back over another address; none for pi-2: one address', true],
    [['none', 'none'], 'there is none: pi-1, pi-2: one address', true],
    [['worked', 'failed'], 'NO: 1 of 2 came back over another address', false],
  ] as const)('an uplink whose standbys %s: %s', ([standbys, text, passed]) => {
    const results = standbys.map((standby, at) => {
      const problem = standby === 'failed' ? 'the other way: failed' : '';
      return back(`pi-${at + 1}`, { standby, problem });
    });
    const report = reportOf({ ...terms, kind: 'uplink' }, targets, results);
    expect(report.passed).toBe(passed);
    expect(reportText(report, targets, 60_000)).toContain(text);
  });

  test('a trouble that was not there before is no recovery', () => {
    const results = [back('pi-1'), back('pi-2', { newTroubles: ['pi-2: NfsStalled'] })];
    expect(reportOf(terms, targets, results)).toMatchObject({ fastEnough: true, everythingRecovered: false });
  });
});
