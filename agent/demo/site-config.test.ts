import { expect, test } from 'vitest';
import { bootedMachine } from './machine.js';
import { makePiSpec } from './pi-spec.js';
import { joinOf, parseSiteConfig } from './site-config.js';
import { parseSiteMemory } from './site-file.js';

const PLAIN = 'stateDir: /var/demo\nfirst: 0\npis: 12\nseed: 7\ntroubles: true\n';
const JOIN = 'join:\n  controller: 127.0.0.1:7442\n  pin: abab\n  tokenFile: /var/demo/token\n';

test('a Pi that has enrolled needs no token, and one that has not gets it from its file', () => {
  expect(joinOf(parseSiteConfig(PLAIN, 'x'), undefined)).toBeUndefined();
  const config = parseSiteConfig(PLAIN + JOIN, 'x');
  expect(joinOf(config, undefined)).toBeUndefined();
  expect(joinOf(config, 'bt1_a_b_c\n')).toEqual({ controller: '127.0.0.1:7442', pin: 'abab', token: 'bt1_a_b_c' });
});

test.for(['', 'pis: 1', `${PLAIN}colour: green\n`, PLAIN.replace('12', '0'), PLAIN.replace('/var', 'var')])(
  'a configuration that is none (%j) is refused by name',
  (text) => {
    expect(() => parseSiteConfig(text, 'demo.yaml')).toThrow(/^demo\.yaml: /);
  },
);

test('what is damaged in the memory of a site is forgotten, and nothing else', () => {
  const state = bootedMachine(makePiSpec(1, 0), 1_000, 500);
  const boot = { bootId: '0193a5b1-0000-7000-8000-000000000000', bootedAtMs: 1, isColdBoot: true };
  const whole = { boot, state };
  const text = JSON.stringify({
    'demo-01': whole,
    'demo-02': { boot: { ...boot, bootId: 'x' }, state },
    'demo-03': 5,
    'demo-04': { boot, state: { ...state, work: 'much' } },
    'demo-05': { boot, state: { work: 0.5 } },
  });
  expect(parseSiteMemory(text, state)).toEqual({ 'demo-01': whole });
  for (const nothing of [undefined, '{', 'null', '[]']) expect(parseSiteMemory(nothing, state)).toEqual({});
});
