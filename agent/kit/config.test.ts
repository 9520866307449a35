import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrambleError } from '../../proto/contract/errors.js';
import { parseAgentConfig } from './config.js';

const PIN = 'a'.repeat(64);
const parse = (text: string) => parseAgentConfig(text, 'agent.yaml');

function problems(text: string): string {
  try {
    parse(text);
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid-argument' });
    return BrambleError.from(error).message;
  }
  throw new Error('expected a refusal');
}

test('an empty file is a valid one, with the defaults of a packaged agent', () => {
  expect(parse('# nothing yet\n')).toEqual({
    stateDir: undefined,
    join: undefined,
    allowedUnits: [],
    verifyWrites: false,
    allowedMounts: [],
    helperSocket: undefined,
    services: { kind: 'systemd' },
    logLevel: 'info',
  });
});

test('a full file is read as it is', () => {
  const text = `
stateDir: /srv/state
join:
  controller: "[fd42::1]:7442"
  pin: ${PIN}
  tokenFile: /etc/bramble/join-token
allowedUnits: [ssh.service, getty@tty1.service]
verifyWrites: true
allowedMounts: [/, /boot/firmware]
helperSocket: /run/bramble/helper.sock
services: { child: { units: { demo.service: [sleep, "60"] } } }
logLevel: debug
`;
  expect(parse(text)).toEqual({
    stateDir: '/srv/state',
    join: { controller: '[fd42::1]:7442', pin: PIN, token: { kind: 'file', path: '/etc/bramble/join-token' } },
    allowedUnits: ['ssh.service', 'getty@tty1.service'],
    verifyWrites: true,
    allowedMounts: ['/', '/boot/firmware'],
    helperSocket: '/run/bramble/helper.sock',
    services: { kind: 'child', units: { 'demo.service': ['sleep', '60'] } },
    logLevel: 'debug',
  });
});

test('a pin of decimal digits stays a pin', () => {
  const pin = `${'1'.repeat(32)}e${'2'.repeat(31)}`;
  expect(parse(`join: { controller: "a:1", pin: ${pin}, token: 123 }`).join).toMatchObject({
    pin,
    token: { value: '123' },
  });
});

test('every problem is told at once, with its place', () => {
  const text = `
stateDir: state
allowdUnits: []
allowedUnits: [ssh, [5]]
logLevel: loud
join: { controller: here, pin: abc, token: t, extra: 1 }
`;
  const message = problems(text);
  expect(message).toContain('agent.yaml: 8 problems');
  for (const problem of [
    'stateDir: must be an absolute path',
    'allowdUnits: unknown key',
    'allowedUnits[0]: must be a full unit name',
    'allowedUnits[1]: must be text',
    'logLevel: must be one of debug, info, warn, error',
    'join.controller: must be host:port',
    'join.pin: must be 64 lower-case hex digits',
    'join.extra: unknown key',
  ]) {
    expect(message).toContain(problem);
  }
});

test.for<[string, string, string]>([
  ['a list instead of settings', '[]', 'the file must be a mapping of keys to values'],
  ['broken YAML', 'a: [', 'at line 1'],
  ['a key twice', 'stateDir: /a\nstateDir: /b\n', 'Map keys must be unique at line 2'],
  ['an alias', 'allowedUnits: &a [*a]\n', 'aliases (*name) are not allowed'],
  ['a tag', 'stateDir: !!js/function "x"\n', 'Unresolved tag'],
  ['no token at all', `join: { controller: "a:1", pin: ${PIN} }`, 'join: needs either tokenFile or token'],
  ['two tokens', `join: { controller: "a:1", pin: ${PIN}, token: x, tokenFile: /x }`, 'either tokenFile or token'],
  ['a join without a pin', 'join: { controller: "a:1", token: x }', 'join.pin: is missing'],
  ['a port of 0', `join: { controller: "a:0", pin: ${PIN}, token: x }`, 'join.controller'],
  ['an unknown service manager', 'services: runit', 'services: must be systemd, none, or child with its units'],
  [
    'a unit without a program',
    'services: { child: { units: { a.service: [] } } }',
    'units.a.service: must name a program',
  ],
  ['a unit with half a name', 'services: { child: { units: { a: [x] } } }', 'units.a: must be a full unit name'],
  ['an empty value', 'stateDir:\n', 'stateDir: must be an absolute path'],
])('refuses %s', ([, text, problem]) => {
  expect(problems(text)).toContain(problem);
});

test('whatever the file holds, it is read or refused', () => {
  const words = fc.constantFrom(
    'stateDir',
    'join',
    'services',
    'child',
    ': ',
    '\n',
    '  ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '&a ',
    '*a',
    '"',
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(words, { maxLength: 30 }).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        parse(text);
      } catch (error) {
        expect(error).toMatchObject({ name: 'BrambleError', code: 'invalid-argument' });
      }
    }),
    { numRuns: 500 },
  );
});
