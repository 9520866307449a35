import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Invocation, parseArguments } from './arguments.js';

test.for<[string, Invocation]>([
  ['run', { kind: 'run', configPath: undefined }],
  ['run --config /a', { kind: 'run', configPath: '/a' }],
  ['run --config=/a', { kind: 'run', configPath: '/a' }],
  ['report', { kind: 'report', hostRoot: '/', output: 'text' }],
  ['report -o json --host-root /host', { kind: 'report', hostRoot: '/host', output: 'json' }],
  ['helper --peer 4-17-998', { kind: 'helper', peer: '4-17-998', policyPath: '/etc/bramble/helper.json' }],
  ['helper --peer 4-17-998 --policy /p', { kind: 'helper', peer: '4-17-998', policyPath: '/p' }],
  ['mailbox', { kind: 'mailbox' }],
  ['raise-clock', { kind: 'raise-clock', stateDir: undefined }],
  ['raise-clock --state-dir /s', { kind: 'raise-clock', stateDir: '/s' }],
  ['--version', { kind: 'version' }],
  ['--help', { kind: 'help' }],
  ['report --help', { kind: 'help' }],
])('%s', ([line, want]) => {
  expect(parseArguments(line.split(' '))).toEqual(want);
});

test.for<[string, string]>([
  ['', 'no command given'],
  ['start', 'unknown command start'],
  ['--verbose', 'unknown option --verbose'],
  ['run --confg /a', 'unknown option --confg'],
  ['run /a', 'unknown argument /a'],
  ['run --config', '--config needs a value'],
  ['run --config=', '--config needs a value'],
  ['run --config /a --config /b', '--config was given twice'],
  ['report -o xml', '-o takes json or text, not xml'],
  ['report --output json -o text', '-o was given twice'],
  ['report --config /a', 'unknown option --config'],
  ['helper', 'helper needs --peer'],
  ['report __proto__', 'unknown argument __proto__'],
])('refuses "%s": %s', ([line, why]) => {
  expect(() => parseArguments(line.split(' ').filter((word) => word !== ''))).toThrowError(why);
});

test('no command line makes it fail in another way', () => {
  const word = fc.oneof(fc.constantFrom('run', 'report', 'helper', '--config', '-o', '--peer', '--', '='), fc.string());
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (args) => {
      try {
        parseArguments(args);
      } catch (error) {
        expect(error).toMatchObject({ name: 'BrambleError', code: 'invalid-argument' });
      }
    }),
  );
});
