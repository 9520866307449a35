import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KEY_ED25519, KEY_RSA, keyNumber } from '../../../test/fixtures/node-configs.js';
import { parseManagedKeys, renderAuthorizedKeys } from './authorized-keys.js';
import { renderChronySources, renderSysctls, renderTimesyncd } from './drop-ins.js';
import { renderHosts } from './hosts.js';

const keyLists = fc.uniqueArray(fc.nat(30), { maxLength: 5 }).map((numbers) => numbers.map(keyNumber));
/** Any bytes, one character each, in lines that are none of ours. */
const foreign = fc
  .array(fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) }))
  .map((lines) => lines.join('\n'));

describe('authorized_keys', () => {
  test('a file that was not there gets the part alone, and no part is made for no keys', () => {
    const text = renderAuthorizedKeys(undefined, [KEY_ED25519]) ?? '';
    expect(text.split('\n')).toHaveLength(4);
    expect(parseManagedKeys(text)).toEqual([KEY_ED25519]);
    expect(renderAuthorizedKeys(undefined, [])).toBeUndefined();
    expect(renderAuthorizedKeys('', [])).toBe('');
  });

  test('a foreign last line without an end is not glued to ours', () => {
    const text = renderAuthorizedKeys(`${KEY_RSA} kim`, [KEY_ED25519]) ?? '';
    expect(text.startsWith(`${KEY_RSA} kim\n# BEGIN bramble`)).toBe(true);
  });

  test('the part stays where it is when its keys change', () => {
    const text = renderAuthorizedKeys('first\n', [KEY_RSA]) ?? '';
    const changed = renderAuthorizedKeys(`${text}last`, [KEY_ED25519]) ?? '';
    expect(changed).toBe(`${text.replace(KEY_RSA, KEY_ED25519)}last`);
  });

  test.for<[string, (part: string) => string]>([
    ['without its end', (part) => part.split('\n').slice(0, 2).join('\n')],
    ['without its beginning', (part) => part.split('\n').slice(1).join('\n')],
    ['that is there twice', (part) => part + part],
  ])('a part %s is left for a person', ([, damage]) => {
    const part = renderAuthorizedKeys(undefined, [KEY_ED25519]) ?? '';
    expect(() => renderAuthorizedKeys(damage(part), [])).toThrow('damaged');
  });

  test('property: what was put in is read again, and foreign lines stay byte for byte', () => {
    fc.assert(
      fc.property(foreign, foreign, keyLists, keyLists, (before, after, first, second) => {
        const start = renderAuthorizedKeys(before, first);
        const whole = (start ?? '') + after;
        const rendered = renderAuthorizedKeys(whole, second) ?? '';
        expect(parseManagedKeys(rendered) ?? []).toEqual(second);
        expect(renderAuthorizedKeys(rendered, second)).toBe(rendered);
        const removed = renderAuthorizedKeys(rendered, []) ?? '';
        // A line break is added where ours would stand on a foreign line.
        expect([whole, `${whole}\n`].map((text) => renderAuthorizedKeys(text, []))).toContain(removed);
        if (first.length > 0 && (before === '' || before.endsWith('\n'))) expect(removed).toBe(before + after);
      }),
    );
  });
});

describe('the hosts file', () => {
  test.for<[string, string | undefined, string]>([
    ['that does not exist', undefined, '127.0.1.1\tpi-2\n'],
    ['without an own line', '127.0.0.1 localhost', '127.0.0.1 localhost\n127.0.1.1\tpi-2\n'],
    ['with the former name', '127.0.1.1\tpi-1\n::1 localhost\n', '127.0.1.1\tpi-2\n::1 localhost\n'],
    ['with the former name in a domain', '127.0.1.1 pi-1.lab pi-1 # own\n', '127.0.1.1 pi-2.lab pi-2 # own\n'],
    ['with other names only', '127.0.1.1 raspberry # own\n', '127.0.1.1 raspberry pi-2 # own\n'],
    ['that has it already', '127.0.1.1 a pi-2\n', '127.0.1.1 a pi-2\n'],
    ['with a comment alone', '#127.0.1.1 pi-1\n', '#127.0.1.1 pi-1\n127.0.1.1\tpi-2\n'],
  ])('%s gets the name', ([, text, wanted]) => {
    expect(renderHosts(text, 'pi-1', 'pi-2')).toBe(wanted);
  });

  test('property: what is rendered needs no more rendering', () => {
    fc.assert(
      fc.property(foreign, (text) => {
        const once = renderHosts(text, 'pi-1', 'pi-2');
        expect(renderHosts(once, 'pi-1', 'pi-2')).toBe(once);
      }),
    );
  });
});

test('the files that are ours alone say who keeps them, and can be empty', () => {
  expect(renderTimesyncd(['a', 'b'])).toBe('# Kept by Bramble: edits are undone.\n[Time]\nNTP=a b\n');
  expect(renderTimesyncd([])).toContain('\nNTP=\n');
  expect(renderChronySources(['a', 'b'])).toContain('\nserver a iburst\nserver b iburst\n');
  expect(renderSysctls({ 'vm.swappiness': '10', 'vm.dirty_ratio': '5' })).toBe(
    '# Kept by Bramble: edits are undone.\nvm.dirty_ratio = 5\nvm.swappiness = 10\n',
  );
});
