import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isNodeName, nameFromHostname, numberedName } from './node-name.js';

test.for<[string, string, string]>([
  ['a plain host name stays', 'pi-07', 'pi-07'],
  ['only the first label counts', 'pi-07.lab.example.org', 'pi-07'],
  ['capitals become small', 'RaspberryPi', 'raspberrypi'],
  ['other characters become one dash', 'my  pi_ß!', 'my-pi'],
  ['an empty name falls back', '', 'node'],
  ['a name without letters falls back', '...', 'node'],
  ['a control sequence leaves nothing behind', '\u001b[2J', '2j'],
])('%s', ([, hostname, name]) => {
  expect(nameFromHostname(hostname, 'node')).toBe(name);
});

test('whatever the host name, the name is valid, numbered too', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 99_999 }), (hostname, number) => {
      const name = numberedName(nameFromHostname(hostname, 'node'), number);
      expect(isNodeName(name)).toBe(true);
    }),
  );
});

test('a long name makes room for its number', () => {
  expect(numberedName('p'.repeat(63), 12)).toBe(`${'p'.repeat(60)}-12`);
  expect(numberedName('pi', 1)).toBe('pi');
});
