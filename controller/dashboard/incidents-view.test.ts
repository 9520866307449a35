import { expect, test } from 'vitest';
import type { IncidentDetail } from '../../proto/contract/api/incidents.js';
import { incidentsView, SHOWN_AFTER_MS } from './incidents-view.js';

const NOW_MS = 1_800_000_000_000;
const incident = (over: Partial<IncidentDetail> = {}): IncidentDetail => ({
  id: 'a',
  cause: 'node:pi-7',
  title: 'pi-7: it hangs',
  verdict: 'it hangs',
  site: 'cam',
  row: 'hung',
  severity: 'warning',
  state: 'open',
  openedAtMs: NOW_MS - 180_000,
  sides: [{ side: 'switch', name: 'sw-1 port 7', words: 'its link is up' }],
  members: [{ name: 'pi-7', node: 'n-1', state: 'acting', heldBecause: '', sinceMs: NOW_MS }],
  timeline: [{ atMs: NOW_MS, kind: 'action', about: 'pi-7', words: 'cut its power: ordered', actor: '' }],
  ...over,
});
const LOOK = { opened: new Set<string>(), mayAnswer: true };
const cards = (...incidents: readonly IncidentDetail[]) => incidentsView(incidents, NOW_MS, LOOK).incidents;

test('an incident says what is wrong, since when, what is done and what each side says', () => {
  const [card] = cards(incident());
  expect(card).toMatchObject({ title: 'pi-7: it hangs', state: 'Trouble', now: 'It is being helped now.' });
  expect(card?.meta).toBe('site cam, for 3 min');
  expect(card?.sides).toEqual([{ who: 'Switch sw-1 port 7', words: 'its link is up' }]);
  expect(card?.steps.map(({ kind, words }) => `${kind} ${words}`)).toEqual(['Done pi-7: cut its power: ordered']);
});

test('what is held is said with its reason', () => {
  const members = [{ name: 'pi-7', state: 'held', heldBecause: 'its disks have no redundancy', sinceMs: 1 }];
  expect(cards(incident({ members }))[0]?.now).toBe('Nothing is done now: its disks have no redundancy.');
});

test('who has to go somewhere is told where', () => {
  const heldBecause = 'somebody has to go to site cam, shelf s3, port sw-1/12 (board 3b 00000000aa123456)';
  const members = [{ name: 'pi-7', state: 'await-hands', heldBecause, sinceMs: 1 }];
  expect(cards(incident({ members }))[0]?.now).toBe(
    'Somebody has to go to site cam, shelf s3, port sw-1/12 (board 3b 00000000aa123456).',
  );
});

test('nodes that suffer from something shared are not to blame', () => {
  const members = [{ name: 'pi-7', state: 'held-by-cause', heldBecause: 'x', sinceMs: 1 }];
  expect(cards(incident({ cause: 'site:cam', members }))[0]?.now).toBe(
    'Nothing is done to the node behind it: not to blame.',
  );
});

test('the gravest come first, and what is healed stays for a while', () => {
  const healed = incident({ id: 'h', state: 'closed', closedAtMs: NOW_MS - 1_000 });
  const old = incident({ id: 'o', state: 'closed', closedAtMs: NOW_MS - SHOWN_AFTER_MS });
  const byHand = incident({ id: 'p', state: 'closed', closedAtMs: NOW_MS, closedBy: 'kim' });
  const critical = incident({ id: 'c', severity: 'critical' });
  const settling = incident({ id: 's', wellSinceMs: NOW_MS });
  expect(cards(healed, old, byHand, settling, incident(), critical).map(({ id }) => id)).toEqual(['c', 'a', 's', 'h']);
});

test('something can be said about what is not over, by whoever may', () => {
  const closed = incident({ id: 'h', state: 'closed', closedAtMs: NOW_MS - 1_000 });
  expect(cards(incident(), closed).map(({ canAnswer }) => canAnswer)).toEqual([true, false]);
  const [card] = incidentsView([incident()], NOW_MS, { ...LOOK, mayAnswer: false }).incidents;
  expect(card?.canAnswer).toBe(false);
});
