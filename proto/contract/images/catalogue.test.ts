import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CatalogueEntry } from './catalogue.js';
import { CatalogueCheck } from './catalogue-check.js';
import { parseCatalogue, renderEntry } from './catalogue-text.js';

const owned = { uid: 0, gid: 0, mode: 0o755, mtimeS: 1_700_000_000, xattrs: [] };
const directory = (path: string, over: object = {}): CatalogueEntry => ({ kind: 'directory', path, ...owned, ...over });
const file = (path: string, over: object = {}): CatalogueEntry => ({
  ...{ kind: 'file', path, sizeBytes: 3 },
  ...{ ...owned, ...over },
});
const link = (path: string, target: string): CatalogueEntry => ({ kind: 'symlink', path, target, ...owned });
const hardLink = (path: string, target: string): CatalogueEntry => ({ kind: 'hard-link', path, target });
const top = directory('.');

const anyName = fc
  .string({ minLength: 1, maxLength: 12, unit: 'binary' })
  .filter((name) => !/\p{Surrogate}/u.test(name));
const anyEntry = fc.oneof(
  fc.record({
    ...{ kind: fc.constant('file' as const), path: anyName, sizeBytes: fc.nat(), uid: fc.nat(), gid: fc.nat() },
    ...{ mode: fc.nat(0o7777), mtimeS: fc.nat() },
    xattrs: fc.array(fc.record({ name: anyName, valueBase64: fc.base64String() }), { maxLength: 2 }),
  }),
  fc.record({ kind: fc.constant('hard-link' as const), path: anyName, target: anyName }),
);

test('property: what is rendered is parsed as it was, whatever is in the names', () => {
  fc.assert(
    fc.property(fc.array(anyEntry), (entries) => {
      expect([...parseCatalogue(entries.map(renderEntry).join(''))]).toEqual(entries);
    }),
  );
});

test('property: every prefix of a catalogue parses to what was before, or is refused', () => {
  const entries = [top, file('a b%\n', { xattrs: [{ name: 'user.x', valueBase64: 'AA==' }] }), link('l', '/etc/x y')];
  const text = entries.map(renderEntry).join('');
  for (let end = 0; end < text.length; end++) {
    let parsed: CatalogueEntry[] = [];
    try {
      parsed = [...parseCatalogue(text.slice(0, end))];
    } catch {
      continue; // refusing is the right answer
    }
    const withoutXattrs = entries.map((entry) => ({ ...entry, ...(entry.kind === 'hard-link' ? {} : { xattrs: [] }) }));
    expect(parsed.map((entry) => ({ ...entry, xattrs: [] }))).toEqual(withoutXattrs.slice(0, parsed.length));
  }
});

test.for([
  ['a number with a leading zero', 'f 644 00 0 0 3 a\n'],
  ['a mode that is not octal', 'f 689 0 0 0 3 a\n'],
  ['a size that is no number', 'f 644 0 0 0 1e9 a\n'],
  ['a device node', 'c 666 0 0 0 1:3 dev/null\n'],
  ['an attribute of nothing', 'x user.a AA==\n'],
  ['a path that is written in another way', 'd 755 0 0 0 %61\n'],
  ['a field too many', 'd 755 0 0 0 a b\n'],
])('%s is no line of a catalogue', ([, text]) => {
  expect(() => [...parseCatalogue(text ?? '')]).toThrow(/not a line/);
});

const judge = (part: 'root' | 'boot', entries: readonly CatalogueEntry[]) => {
  const check = new CatalogueCheck(part);
  for (const entry of entries) check.take(entry);
  return check;
};

test('an ordinary tree passes, with links of both kinds and set-user-id programs', () => {
  const sudo = file('usr/bin/sudo', { mode: 0o4755 });
  const tree = [top, directory('usr'), directory('usr/bin'), sudo, hardLink('usr/bin/sudoedit', 'usr/bin/sudo')];
  const check = judge('root', [...tree, link('bin', 'usr/bin'), link('abroad', '../../etc/passwd')]);
  expect([check.entriesCount, check.contentBytes]).toEqual([7, 3]);
});

test.for<[string, readonly CatalogueEntry[]]>([
  ['an absolute path', [top, file('/etc/shadow')]],
  ['a path that goes up', [top, directory('a'), file('a/../../x')]],
  ['a path that begins by going up', [top, file('../x')]],
  ['a path of the folder itself', [top, directory('a'), file('a/.')]],
  ['an empty name', [top, directory('a'), file('a//b')]],
  ['a name with an end inside', [top, file('a\0b')]],
  ['half a character', [top, file('a\ud800')]],
  ['a name that is too long', [top, file('x'.repeat(256))]],
  ['a file in a folder that is not there', [top, file('a/b')]],
  ['a file below a link: it would be written where the link points', [top, link('a', '/etc'), file('a/b')]],
  ['a file in the place of a link of the same name', [top, link('a', '/etc/passwd'), file('a')]],
  ['a file below a file', [top, file('a'), file('a/b')]],
  ['one name twice', [top, file('a'), file('a')]],
  ['one name in two forms of Unicode', [top, file('caf\u00e9'), file('cafe\u0301')]],
  ['another name of what is not there', [top, hardLink('a', 'etc/shadow')]],
  ['another name of a link', [top, link('a', '/etc/shadow'), hardLink('b', 'a')]],
  ['a file of exbibytes', [top, file('a', { sizeBytes: 2 ** 53 - 1 })]],
  ['an owner that means "unchanged"', [top, file('a', { uid: 0xffff_ffff })]],
  [
    'an attribute that the kernel trusts',
    [top, file('a', { xattrs: [{ name: 'trusted.overlay.opaque', valueBase64: '' }] })],
  ],
  ['a top folder that is a link', [link('.', '/etc')]],
  ['no top folder', [directory('etc')]],
])('refused: %s', ([, entries]) => {
  expect(() => judge('root', entries)).toThrow(/the image’s/);
});

test.for<[string, readonly CatalogueEntry[]]>([
  ['a link among boot files', [top, link('cmdline.txt', '/etc/shadow')]],
  ['one boot file in two cases', [top, file('Config.txt'), file('config.txt')]],
  ['a boot file that runs as its owner', [top, file('a', { mode: 0o4755 })]],
])('refused: %s', ([, entries]) => {
  expect(() => judge('boot', entries)).toThrow(/the image’s/);
});

test('property: what passes is written below the folder that it is written into', () => {
  const names = fc.constantFrom('a', 'b', '..', '.', '', 'c');
  const path = fc.array(names, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  const entry = fc.oneof(
    path.map((at) => directory(at)),
    path.map((at) => file(at)),
    fc.tuple(path, path).map(([at, target]) => link(at, target)),
  );
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 12 }), (entries) => {
      const check = new CatalogueCheck('root');
      const links = new Set<string>();
      check.take(top);
      for (const each of entries) {
        try {
          check.take(each);
        } catch {
          return;
        }
        const parts = each.path.split('/');
        expect(parts).not.toContain('..');
        for (let end = 1; end < parts.length; end++) expect(links.has(parts.slice(0, end).join('/'))).toBe(false);
        if (each.kind === 'symlink') links.add(each.path);
      }
    }),
    { numRuns: 2_000 },
  );
});
