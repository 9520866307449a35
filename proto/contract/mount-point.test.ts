import { expect, test } from 'vitest';
import { isMountPoint } from './mount-point.js';

test.for<[string, boolean]>([
  ['/', true],
  ['/boot/firmware', true],
  ['/srv/pi-07_a+b@c/x.y', true],
  [`/${'a'.repeat(254)}`, true],
  [`/${'a'.repeat(255)}`, false],
  ['', false],
  ['boot', false],
  ['--all', false],
  ['//', false],
  ['/boot/', false],
  ['/a//b', false],
  ['/..', false],
  ['/srv/../etc', false],
  ['/./a', false],
  ['/a b', false],
  ['/a\n', false],
  ['/$HOME', false],
  ['/%i', false],
  ['/a,rw', false],
  ['/ä', false],
])('%j is a mount point: %s', ([text, want]) => {
  expect(isMountPoint(text)).toBe(want);
});
