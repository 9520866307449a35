import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import { makeSimHost } from '../testing/sim-host.js';
import { SimWorld } from '../testing/sim-world.js';
import { BUNDLE_BYTES_MAX, packBundle } from './bundle.js';
import type { Section } from './sections.js';

const never = new AbortController().signal;

async function pack(sections: readonly Section[], signal = never) {
  const world = new SimWorld(1);
  const host = makeSimHost(world, 'node');
  const archive = await world.settle(packBundle(host, sections, signal));
  const tar = (...options: readonly string[]): string =>
    execFileSync('tar', [...options, '-z', '-f', '-'], { input: archive, encoding: 'utf8', maxBuffer: 2 ** 26 });
  return { names: tar('-t').trim().split('\n'), read: (name: string) => tar('-x', '-O', name), world };
}

const section = (name: string, text: string): Section => ({ name, read: async () => text });

test('a bundle is a compressed archive of its sections, without their secrets', async () => {
  const { names, read } = await pack([section('a.txt', 'one\n'), section('b/c.log', 'password=hunter2\nübrig\n')]);
  expect(names).toEqual(['a.txt', 'b/c.log']);
  expect([read('a.txt'), read('b/c.log')]).toEqual(['one\n', 'password=[redacted]\nübrig\n']);
});

test('what fails or hangs is told in its place, without secrets, and takes nothing else along', async () => {
  const failed = new BrambleError('permission-denied', 'journal refused, token=abcdef');
  const { names, read, world } = await pack([
    { name: 'failed', read: () => Promise.reject(failed) },
    { name: 'hangs', read: () => new Promise(() => undefined) },
    section('after', 'here'),
  ]);
  expect(names).toEqual(['failed', 'hangs', 'after']);
  expect(read('failed')).toBe('not available: journal refused, token=[redacted]\n');
  expect(read('hangs')).toContain('not done within 45 s');
  expect(read('after')).toBe('here');
  expect(world.nowMs).toBe(45_000);
});

test('no section and no bundle outgrows its bound', async () => {
  const large = 'line of a log\n'.repeat(200_000);
  const { names, read } = await pack([
    ...Array.from({ length: 6 }, (_, n) => section(`large-${n}`, large)),
    section('never', 'x'),
  ]);
  const sizes = names.map((name) => read(name).length);
  expect(sizes[0]).toBe(2 ** 20);
  expect(read('large-0')).toMatch(/\n\[cut: the bundle is full\]\n$/);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(BUNDLE_BYTES_MAX);
  expect(names.length).toBeLessThan(7);
});

test('an agent that stops gives up at once', async () => {
  const stop = new AbortController();
  stop.abort();
  await expect(pack([section('a', 'b')], stop.signal)).rejects.toMatchObject({ code: 'cancelled' });
});
