import fc from 'fast-check';
import { expect, test } from 'vitest';
import { siteId } from '../../proto/contract/ids.js';
import type { EnrollmentRecord } from './enrollment.js';
import { decideEnrollment, type EnrollmentFacts } from './enrollment-policy.js';
import type { JoinToken } from './token.js';

const NOW = 1_000_000;
const KEY = 'a'.repeat(64);
const OTHER_KEY = 'b'.repeat(64);
const SERIAL = '00000000c0ffee01';

function token(over: Partial<JoinToken> = {}): JoinToken {
  return {
    keyId: 'abcdefgh',
    secretHmac: '',
    site: siteId('lab'),
    kind: 'pi',
    expiresAtMs: NOW + 1,
    uses: 1,
    boundTo: [],
    preApproved: true,
    expectSerial: undefined,
    createdAtMs: 0,
    createdBy: 'kim',
    revoked: false,
    ...over,
  };
}

function facts(over: Partial<EnrollmentFacts> = {}): EnrollmentFacts {
  return {
    token: token(),
    secretMatches: true,
    spkiSha256: KEY,
    kind: 'pi',
    serial: SERIAL,
    earlier: undefined,
    approvedAs: undefined,
    credentialKey: undefined,
    boardServesAs: undefined,
    nowMs: NOW,
    ...over,
  };
}

// The decision reads the state alone; the rest is what a stored record has.
function asked(state: EnrollmentRecord['state']): EnrollmentRecord {
  return {
    spkiSha256: KEY,
    tokenKeyId: 'abcdefgh',
    site: siteId('lab'),
    kind: 'pi',
    board: { model: '', serial: SERIAL, macAddresses: [] },
    hostname: 'pi',
    state,
    why: '',
    nodeId: undefined,
    firstAskedAtMs: 0,
    lastAskedAtMs: 0,
  };
}

test.for<[string, Partial<EnrollmentFacts>, string]>([
  ['a pre-approved token lets a new key in', {}, 'issue new'],
  ['a token without approval makes it wait', { token: token({ preApproved: false }) }, 'pending'],
  ['an unknown token is refused', { token: undefined }, 'refuse'],
  ['a wrong secret is refused', { secretMatches: false }, 'refuse'],
  ['a revoked token is refused', { token: token({ revoked: true }) }, 'refuse'],
  ['another kind is refused', { kind: 'switch' }, 'refuse'],
  ['a kind of a newer agent is refused', { kind: 'unknown' }, 'refuse'],
  ['one ms before it expires it counts', { token: token({ expiresAtMs: NOW + 1 }) }, 'issue new'],
  ['at the moment it expires it does not', { token: token({ expiresAtMs: NOW }) }, 'refuse'],
  ['a used token is refused to another key', { token: token({ boundTo: [OTHER_KEY] }) }, 'refuse'],
  ['its second use is for a second key', { token: token({ uses: 2, boundTo: [OTHER_KEY] }) }, 'issue new'],
  ['a bound key may come back after it expired', { token: token({ boundTo: [KEY], expiresAtMs: 0 }) }, 'issue new'],
  ['a bound key is refused once it is revoked', { token: token({ boundTo: [KEY], revoked: true }) }, 'refuse'],
  ['the expected serial lets it in', { token: token({ expectSerial: SERIAL }) }, 'issue new'],
  ['its case does not matter', { token: token({ expectSerial: SERIAL }), serial: SERIAL.toUpperCase() }, 'issue new'],
  ['another serial makes it wait', { token: token({ expectSerial: '00000000c0ffee02' }) }, 'pending'],
  ['no serial makes it wait', { token: token({ expectSerial: SERIAL }), serial: '' }, 'pending'],
  ['a board that serves already makes it wait', { boardServesAs: 'pi-07' }, 'pending'],
  ['a rejected key stays out', { earlier: asked('rejected') }, 'refuse'],
  ['a waiting key goes on waiting', { earlier: asked('pending'), token: token({ preApproved: false }) }, 'pending'],
  [
    'an approved key gets its node',
    { earlier: asked('approved'), approvedAs: { lifecycle: 'enrolled' } },
    'issue again',
  ],
  [
    'a lost answer is given again',
    { earlier: asked('approved'), approvedAs: { lifecycle: 'enrolled' }, credentialKey: KEY },
    'issue again',
  ],
  [
    'the first key of a node that renewed is an old copy',
    { earlier: asked('approved'), approvedAs: { lifecycle: 'enrolled' }, credentialKey: OTHER_KEY },
    'refuse',
  ],
  ['a revoked node is refused', { earlier: asked('approved'), approvedAs: { lifecycle: 'revoked' } }, 'refuse'],
  ['a frozen node is refused', { earlier: asked('approved'), approvedAs: { lifecycle: 'frozen' } }, 'refuse'],
  ['a node that is gone is refused', { earlier: asked('approved') }, 'refuse'],
])('%s', ([, over, want]) => {
  const verdict = decideEnrollment(facts(over));
  expect(verdict.kind === 'issue' ? `issue ${verdict.as}` : verdict.kind).toBe(want);
});

test('T-09 a wrong serial is told to the operator, inert', () => {
  const verdict = decideEnrollment(facts({ token: token({ expectSerial: SERIAL }), serial: '\u001b[31mevil' }));
  expect(verdict).toMatchObject({ kind: 'pending' });
  expect(JSON.stringify(verdict)).toContain('\\\\u{1b}');
});

test('property: without the right secret, kind, time and room for its key nobody gets in', () => {
  const anyToken = fc.record({
    expiresAtMs: fc.integer({ min: NOW - 2, max: NOW + 2 }),
    uses: fc.integer({ min: 1, max: 3 }),
    boundTo: fc.subarray([KEY, OTHER_KEY, 'c'.repeat(64)]),
    preApproved: fc.boolean(),
    expectSerial: fc.constantFrom(undefined, SERIAL, '00000000c0ffee02'),
    revoked: fc.boolean(),
  });
  const anyFacts = fc.record({
    secretMatches: fc.boolean(),
    kind: fc.constantFrom('pi', 'switch', 'unknown'),
    boardServesAs: fc.constantFrom(undefined, 'pi-07'),
    earlier: fc.constantFrom(undefined, asked('pending'), asked('rejected')),
  });
  fc.assert(
    fc.property(anyToken, anyFacts, (tokenOver, over) => {
      const given = token(tokenOver);
      const verdict = decideEnrollment(facts({ ...over, token: given }));
      if (verdict.kind === 'refuse') return;
      const isBound = given.boundTo.includes(KEY);
      expect(over.secretMatches && over.kind === 'pi' && !given.revoked).toBe(true);
      expect(isBound || (NOW < given.expiresAtMs && given.boundTo.length < given.uses)).toBe(true);
      expect(over.earlier?.state).not.toBe('rejected');
      if (verdict.kind !== 'issue') return;
      expect(given.preApproved && over.boardServesAs === undefined).toBe(true);
      expect(given.expectSerial === undefined || given.expectSerial === SERIAL).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
