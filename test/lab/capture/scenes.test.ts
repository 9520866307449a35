import { expect, test } from 'vitest';
import { SCENES } from './scenes.js';
import { CAPTURE_SOURCES } from './sources.js';

test('every scene is recorded by a kind that exists, under a name of its own', () => {
  for (const { kind } of SCENES) expect(Object.keys(CAPTURE_SOURCES)).toContain(kind);
  const names = SCENES.map(({ kind, name }) => `${kind}/${name}`);
  expect(new Set(names).size).toBe(names.length);
});

test('every kind is recorded from the rack at least once', () => {
  const recorded = new Set(SCENES.map(({ kind }) => kind));
  expect(Object.keys(CAPTURE_SOURCES).filter((kind) => !recorded.has(kind))).toEqual([]);
});
