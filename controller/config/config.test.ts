import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { BrambleError } from '../../proto/contract/errors.js';
import { parseConfig } from './config.js';
import { parseDurationMs } from './duration.js';
import { parseFlags, withFlags } from './flags.js';

function problemOf(raw: unknown): BrambleError {
  try {
    parseConfig(raw, 'controller.yaml');
  } catch (thrown) {
    return BrambleError.from(thrown);
  }
  throw new Error('the configuration was accepted');
}

test('an empty file gives the documented defaults', () => {
  expect(parseConfig(null, 'controller.yaml')).toEqual({
    dataDir: '/var/lib/bramble',
    http: { host: '127.0.0.1', port: 8080, names: [], tls: undefined, metrics: 'loopback' },
    link: { host: '::', port: 7443, advertise: [] },
    enrol: { host: '::', port: 7442, advertise: undefined },
    cadence: { reportIntervalMs: 30_000 },
    alerts: {},
    log: { level: 'info' },
    retention: { eventsMs: 90 * 86_400_000, commandsMs: 365 * 86_400_000, historyMs: 30 * 86_400_000 },
  });
});

test('every problem is listed at once, each with its path', () => {
  const { message, code } = problemOf({
    dataDir: 'relative',
    http: { port: 'eighty' },
    link: { port: 70_000, advertise: ['no-port'], extra: 1 },
    cadence: { reportInterval: '30' },
    colour: 'green',
  });
  expect(code).toBe('invalid-argument');
  for (const path of ['dataDir:', 'http.port:', 'link.port:', 'link.advertise.0:', 'cadence.reportInterval:']) {
    expect(message).toContain(path);
  }
  expect(message).toContain('"extra"');
  expect(message).toContain('"colour"');
});

test('a duration outside its range says the range', () => {
  expect(problemOf({ cadence: { reportInterval: '999ms' } }).message).toContain('between 1 s and 3600 s');
  expect(parseConfig({ cadence: { reportInterval: '1s' } }, 'x').cadence.reportIntervalMs).toBe(1_000);
});

test.for<[string, number | undefined]>([
  ['250ms', 250],
  ['30s', 30_000],
  ['5m', 300_000],
  ['12h', 43_200_000],
  ['90d', 7_776_000_000],
  ['5', undefined],
  ['-5s', undefined],
  ['1.5h', undefined],
  ['5 m', undefined],
  ['', undefined],
])('duration %j is %j ms', ([text, ms]) => {
  expect(parseDurationMs(text)).toBe(ms);
});

test('whatever a file holds, the answer is a configuration or one BrambleError', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (raw) => {
      try {
        expect(parseConfig(raw, 'x').dataDir.startsWith('/')).toBe(true);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(BrambleError);
      }
    }),
  );
});

test('the command line wins over the file, and only where it speaks', () => {
  const flags = parseFlags(['--http-port', '0', '--data', 'x']);
  const config = withFlags(parseConfig({ link: { port: 1 } }, 'x'), flags, '/abs/x');
  expect(config).toMatchObject({ dataDir: '/abs/x', http: { port: 0 }, link: { port: 1 }, enrol: { port: 7442 } });
});

test.for<[string, readonly string[]]>([
  ['an unknown option', ['--nope']],
  ['an option without its value', ['--config']],
  ['a port that is none', ['--http-port', '65536']],
  ['a stray word', ['start']],
])('%s is a usage error', ([, argv]) => {
  expect(() => parseFlags(argv)).toThrow(BrambleError);
});

test('the packaged configuration says the defaults and nothing else', async () => {
  const text = await readFile(new URL('../packaging/controller.yaml', import.meta.url), 'utf8');
  expect(parseConfig(parse(text), 'controller.yaml')).toEqual(parseConfig(null, 'controller.yaml'));
});

test.for<[string, unknown, string]>([
  ['a certificate without its key', { tls: { certificate: '/a.pem' } }, 'http.tls.key'],
  ['a relative path', { tls: { certificate: 'a.pem', key: '/k.pem' } }, 'http.tls.certificate'],
  ['a name that is none', { names: ['fleet example'] }, 'http.names.0'],
  ['metrics for everybody', { metrics: 'open' }, 'http.metrics'],
])('%s is refused with its path', ([, http, path]) => {
  expect(() => parseConfig({ http }, 'controller.yaml')).toThrow(path);
});

describe('alerts', () => {
  const problemsOf = (alerts: unknown): string => {
    try {
      parseConfig({ alerts }, 'c.yaml');
      return '';
    } catch (thrown) {
      return String(thrown);
    }
  };

  test('a password is in a file, never in an address, and never goes out in clear', () => {
    expect(problemsOf({ alertmanager: { url: 'http://kim:secret@am:9093' } })).toContain('must not hold a password');
    const mail = { host: 'mail', from: 'a@example.org', to: ['b@example.org'] };
    expect(problemsOf({ mail })).toBe('');
    expect(problemsOf({ mail: { ...mail, user: 'kim' } })).toContain('belong together');
    const login = { user: 'kim', passwordFile: '/etc/bramble/mail' };
    expect(problemsOf({ mail: { ...mail, ...login } })).toBe('');
    expect(problemsOf({ mail: { ...mail, ...login, security: 'none' } })).toContain('never sent in clear');
  });

  test('a webhook is signed, or there is none', () => {
    expect(problemsOf({ webhook: { url: 'https://example.org/' } })).toContain('secretFile');
    expect(problemsOf({ webhook: { url: 'ftp://example.org/', secretFile: '/s' } })).toContain('http or https');
  });
});
