import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyNodeConfig, KEY_ED25519, KEY_RSA, keyNumber } from '../../../test/fixtures/node-configs.js';
import { BrambleError } from '../errors.js';
import { CONFIG_LIMITS, isSameConfig } from './config.js';
import { diffNodeConfigs } from './diff.js';
import { parseNodeConfig } from './parse.js';
import { parseSshKey } from './ssh-key.js';

const refused = (value: unknown): string => {
  try {
    parseNodeConfig(value);
  } catch (thrown) {
    if (thrown instanceof BrambleError && thrown.code === 'invalid-argument') return thrown.message;
    throw thrown;
  }
  throw new Error('it was taken');
};

describe('a node config', () => {
  test('may be empty, and every part may be there and empty', () => {
    expect(parseNodeConfig({})).toEqual({});
    const empty = { authorizedKeys: {}, ntpServers: [], sysctls: {}, units: {} };
    expect(parseNodeConfig(empty)).toEqual(empty);
  });

  test('takes a number for a kernel setting, as YAML reads it', () => {
    expect(parseNodeConfig({ sysctls: { 'vm.swappiness': 10 } })).toEqual({ sysctls: { 'vm.swappiness': '10' } });
  });

  test('names every problem at once', () => {
    const message = refused({
      hostname: 'Pi_1',
      authorizedKeys: { Root: [], pi: ['ssh-rsa AAAA'] },
      ntpServers: ['-x'],
      sysctls: { 'vm.swappiness': '10\nkernel.panic=1', swappiness: '1' },
      units: { 'ssh.service': 'masked' },
      timezone: 'UTC',
    });
    for (const part of ['unknown part "timezone"', 'hostname "Pi_1"', '"Root"', 'authorizedKeys.pi[0]', '"-x"']) {
      expect(message).toContain(part);
    }
    expect(message).toContain('the value of "vm.swappiness"');
    expect(message).toContain('"swappiness" is not a name');
    expect(message).toContain('must be enabled or disabled');
  });

  test.for<[string, unknown]>([
    ['a list', []],
    ['nothing', null],
    ['an absolute path for a unit', { units: { '/etc/x.service': 'enabled' } }],
    ['an option for a unit', { units: { '--now.service': 'enabled' } }],
    ['a pattern for a unit', { units: { 'ssh*.service': 'enabled' } }],
    ["Bramble's own unit", { units: { 'bramble-agent.service': 'disabled' } }],
    ['a target', { units: { 'multi-user.target': 'disabled' } }],
    ['a setting that names a program', { sysctls: { 'kernel.core_pattern': '|/bin/sh' } }],
    ['a setting with a path', { sysctls: { 'vm/../kernel.modprobe': '1' } }],
    ['a key with an option', { authorizedKeys: { pi: [`command="sh" ${KEY_ED25519}`] } }],
    ['a key on two lines', { authorizedKeys: { pi: [`${KEY_ED25519}\n${KEY_RSA}`] } }],
    ['the same key twice', { authorizedKeys: { pi: [KEY_ED25519, `${KEY_ED25519} again`] } }],
    ['a user with a path', { authorizedKeys: { '../root': [] } }],
    ['a server with a space', { ntpServers: ['a b'] }],
    ['a server with a line break', { ntpServers: ['a\nb'] }],
    ['too many servers', { ntpServers: Array.from({ length: CONFIG_LIMITS.ntpServers + 1 }, (_, i) => `s${i}`) }],
  ])('is not %s', ([, value]) => {
    expect(refused(value)).toContain('not a node config');
  });

  test('is refused when it is too large to travel', () => {
    const long = (index: number): string => `${keyNumber(index)} ${'c'.repeat(1_800)}`;
    const keys = (count: number): string[] => Array.from({ length: count }, (_, index) => long(index));
    expect(refused({ authorizedKeys: { pi: keys(30) } })).toContain('characters long');
    expect(parseNodeConfig({ authorizedKeys: { pi: keys(20) } })).toBeDefined();
  });

  test('property: a config that was taken is taken again, as it is', () => {
    fc.assert(
      fc.property(anyNodeConfig, (config) => {
        const once = parseNodeConfig(config);
        expect(parseNodeConfig(JSON.parse(JSON.stringify(once)))).toEqual(once);
        expect(isSameConfig(once, config)).toBe(true);
      }),
    );
  });

  test('property: whatever comes, it is a config or invalid-argument', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        try {
          parseNodeConfig(value);
        } catch (thrown) {
          expect(BrambleError.from(thrown).code).toBe('invalid-argument');
        }
      }),
    );
  });
});

describe('a public key', () => {
  test('must be of the type that it names', () => {
    expect(parseSshKey(`${KEY_ED25519} kim@laptop`)).toMatchObject({ type: 'ssh-ed25519', comment: 'kim@laptop' });
    expect(parseSshKey(KEY_RSA)?.type).toBe('ssh-rsa');
    expect(parseSshKey(KEY_ED25519.replace('ssh-ed25519', 'ssh-rsa'))).toBeUndefined();
  });
});

describe('the difference of two configs', () => {
  test('is told change by change', () => {
    const before = { hostname: 'pi-1', authorizedKeys: { pi: [KEY_RSA] }, sysctls: { 'vm.swappiness': '60' } };
    const after = { hostname: 'pi-2', authorizedKeys: { pi: [KEY_ED25519] }, units: { 'cups.service': 'disabled' } };
    expect(diffNodeConfigs(before, parseNodeConfig(after))).toEqual([
      'hostname: pi-1 -> pi-2',
      'authorized keys of pi: + ssh-ed25519 …AAAAAAAA',
      'authorized keys of pi: - ssh-rsa …AAAAAAAA',
      'sysctls: no longer managed, stay as they are',
      'units: managed from now on',
      'unit cups.service: disabled',
    ]);
  });

  test('property: there is none exactly when both say the same', () => {
    fc.assert(
      fc.property(anyNodeConfig, anyNodeConfig, (a, b) => {
        expect(diffNodeConfigs(a, a)).toEqual([]);
        expect(diffNodeConfigs(a, b).length === 0).toBe(isSameConfig(a, b));
      }),
    );
  });
});

/** What would be another line, another option or another command in the file that an agent writes of it. */
const INJECTIONS = [
  'a\nb',
  'a\r\nExecStart=/bin/sh',
  'a\0b',
  '$(reboot)',
  '`reboot`',
  'a;reboot',
  '--option',
  'a b',
  '../a',
  "a'b",
];

test.for(INJECTIONS)('T-37 %j becomes part of no file: the config that has it is refused whole', (text) => {
  const configs: readonly unknown[] = [
    { hostname: text },
    { ntpServers: [text] },
    { units: { [`${text}.service`]: 'disabled' } },
    { sysctls: { [text]: '1' } },
    { authorizedKeys: { [text]: [] } },
    { authorizedKeys: { pi: [`${text} ${KEY_ED25519}`] } },
  ];
  for (const config of configs)
    expect(() => parseNodeConfig(config), JSON.stringify(config)).toThrow(/not a node config/);
});

test.for(['1\n2', '1\0', '1\r', '\u001b[2J', '1\u2028'])('T-37 %j is no value of a sysctl', (value) => {
  expect(() => parseNodeConfig({ sysctls: { 'vm.swappiness': value } })).toThrow(/not a node config/);
});
