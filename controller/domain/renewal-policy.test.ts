import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideRenewal, type RenewalFacts } from './renewal-policy.js';

const NEWEST = { spkiSha256: 'key-3', renewalCounter: 3 };
const BEFORE = { spkiSha256: 'key-2', renewalCounter: 2 };

function facts(over: Partial<RenewalFacts> = {}): RenewalFacts {
  return {
    lifecycle: 'enrolled',
    credentials: [NEWEST, BEFORE],
    presentedKey: 'key-3',
    newKey: 'key-4',
    counter: 3,
    isNewKeyTaken: false,
    ...over,
  };
}

test.for<[string, Partial<RenewalFacts>, string]>([
  ['the holder of the newest credential gets the next', {}, 'issue 4'],
  ['the first renewal has none before it', { credentials: [NEWEST] }, 'issue 4'],
  ['a counter one behind is a clone', { counter: 2 }, 'clone'],
  ['a counter one ahead is refused', { counter: 4 }, 'refuse'],
  ['a key that is certified already is refused', { isNewKeyTaken: true }, 'refuse'],
  ['the same question again gets the same answer', { presentedKey: 'key-2', counter: 2, newKey: 'key-3' }, 'issue 3'],
  ['the credential before with another new key is a clone', { presentedKey: 'key-2', counter: 2 }, 'clone'],
  ['with a counter that is not its own too', { presentedKey: 'key-2', counter: 3, newKey: 'key-3' }, 'clone'],
  ['an unknown credential is refused', { presentedKey: 'key-1', counter: 1 }, 'refuse'],
  ['a frozen node is refused', { lifecycle: 'frozen' }, 'refuse'],
  ['a revoked node is refused', { lifecycle: 'revoked' }, 'refuse'],
  ['a node without a credential is refused', { credentials: [] }, 'refuse'],
])('%s', ([, over, want]) => {
  const verdict = decideRenewal(facts(over));
  expect(verdict.kind === 'issue' ? `issue ${verdict.renewalCounter}` : verdict.kind).toBe(want);
});

test('property: of two copies of a disk at most one can renew, however their requests interleave', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b'), { minLength: 2, maxLength: 20 }), (order) => {
      const boards = { a: { ...NEWEST }, b: { ...NEWEST } };
      let credentials = [NEWEST];
      const renewed = new Set<string>();
      for (const [turn, name] of order.entries()) {
        const board = boards[name];
        const newKey = `key-of-${name}-${turn}`;
        const verdict = decideRenewal(
          facts({ credentials, presentedKey: board.spkiSha256, counter: board.renewalCounter, newKey }),
        );
        if (verdict.kind === 'clone') return; // frozen: nobody renews any more
        if (verdict.kind !== 'issue') continue;
        renewed.add(name);
        boards[name] = { spkiSha256: newKey, renewalCounter: verdict.renewalCounter };
        credentials = [boards[name], ...credentials].slice(0, 2);
      }
      expect(renewed.size).toBeLessThanOrEqual(1);
    }),
  );
});
