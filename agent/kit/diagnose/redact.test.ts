import fc from 'fast-check';
import { expect, test } from 'vitest';
import { redact } from './redact.js';

const KEY = 'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2';
const PEM = `-----BEGIN PRIVATE KEY-----\n${KEY}\n${KEY}==\n-----END PRIVATE KEY-----`;

test.for<[string, string, string]>([
  ['a key', `before\n${PEM}\nafter`, 'before\n[redacted]\nafter'],
  ['a key in JSON', JSON.stringify({ key: PEM, b: 1 }), '{"key":"[redacted]","b":1}'],
  ['a key that a log has cut', `x -----BEGIN RSA PRIVATE KEY-----\n${KEY}\n`, 'x [redacted]'],
  [
    'an OpenVPN key',
    '-----BEGIN OpenVPN Static key V1-----\n6acef03f\n-----END OpenVPN Static key V1-----',
    '[redacted]',
  ],
  ['a line of a key', `pi sshd[1]: ${KEY}`, 'pi sshd[1]: [redacted]'],
  [
    'a wireless passphrase',
    'network={\n  ssid="cloud"\n  psk="my dog\'s name"\n}',
    'network={\n  ssid="cloud"\n  psk=[redacted]\n}',
  ],
  ['a wireless key in hex', `  psk=${'0123456789abcdef'.repeat(4)}`, '  psk=[redacted]'],
  ['an old wireless key', 'wep_key0=ABCDE12345', 'wep_key0=[redacted]'],
  ['a tunnel’s key', 'PrivateKey = aB3+/short=', 'PrivateKey = [redacted]'],
  ['a setting', 'password: hunter2 # mine', 'password: [redacted] # mine'],
  ['a setting in JSON', '{"apiKey": "a \\"b\\" c", "port": 1}', '{"apiKey": [redacted], "port": 1}'],
  ['a setting in JSON in JSON', '"{\\"token\\":\\"abc\\",\\"n\\":1}"', '"{\\"token\\":[redacted],\\"n\\":1}"'],
  ['a setting that a log has cut', 'psk="my dog', 'psk=[redacted]'],
  ['a variable', 'AWS_SECRET_ACCESS_KEY=abc/def DEBUG=1', 'AWS_SECRET_ACCESS_KEY=[redacted] DEBUG=1'],
  ['an option', 'run --password hunter2 --port 1', 'run --password [redacted] --port 1'],
  ['an option with =', 'run --auth-token=abc -v', 'run --auth-token=[redacted] -v'],
  ['a header', 'Authorization: Bearer abc.def-ghi', 'Authorization: [redacted]'],
  ['a scheme alone', 'sent Bearer abcdefgh12345', 'sent Bearer [redacted]'],
  ['an address', 'fetching https://kim:hunter2@example.org/x', 'fetching https://[redacted]@example.org/x'],
  ['a join token', 'token bt1_abcdefgh_zzzz_yyyy used', 'token [redacted] used'],
  ['a web token', 'got eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl', 'got [redacted]'],
])('%s is taken out, and nothing around it', ([, text, want]) => {
  expect(redact(text)).toBe(want);
});

test.for([
  'Nov 21 09:00:00 pi-07 systemd[1]: Started ssh.service - OpenBSD Secure Shell server.',
  '22 1 179:2 / / rw,noatime - ext4 /dev/mmcblk0p2 rw,errors=remount-ro',
  'EXT4-fs error (device mmcblk0p2): ext4_find_entry:1455: inode #2: comm node: reading directory lblock 0',
  'sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  'GPIO /sys/devices/platform/soc/3f980000.usb/usb1/1-1/1-1.1/1-1.1:1.0/net/eth0/statistics/rx_bytes',
  '{"fact":"filesystem_available_bytes","instance":"/","value":123}',
  'author: kim, compass: north, 3 tests passed: 2',
])('%j stays as it is', (text) => {
  expect(redact(text)).toBe(text);
});

const secret = fc.stringMatching(/^[A-Za-z0-9+/_.~-]{12,60}$/);

test('property: a secret by its name never gets through, whatever stands around it', () => {
  const name = fc.constantFrom(
    'password',
    'DB_PASSWD',
    'client_secret',
    'wifi.psk',
    'x-api-key',
    'joinToken',
    'private_key',
  );
  const form = fc.constantFrom<(name: string, value: string) => string>(
    (n, v) => `${n}=${v}`,
    (n, v) => `${n}: ${v}`,
    (n, v) => `"${n}": "${v}"`,
    (n, v) => JSON.stringify(JSON.stringify({ [n]: v })),
    (n, v) => `${n}='${v}'`,
    (n, v) => `--${n} ${v}`,
  );
  fc.assert(
    fc.property(fc.string(), name, secret, form, fc.string(), (before, n, value, render, after) => {
      const clean = redact(`${before.replaceAll(value, '')}\n${render(n, value)}\n${after.replaceAll(value, '')}`);
      expect(clean).not.toContain(value);
    }),
  );
});

test('property: a key never gets through, whole, cut at either end, or line by line', () => {
  const lines = fc.array(fc.uint8Array({ minLength: 48, maxLength: 48 }), { minLength: 2, maxLength: 20 });
  fc.assert(
    fc.property(lines, fc.nat(30), fc.nat(30), (bytes, from, to) => {
      const base64 = bytes.map((line) => Buffer.from(line).toString('base64'));
      const pem = ['-----BEGIN EC PRIVATE KEY-----', ...base64, '-----END EC PRIVATE KEY-----'];
      const clean = redact(pem.slice(from, pem.length - to).join('\n'));
      for (const line of base64) {
        if (/[A-Z]/.test(line) && /[a-z]/.test(line) && /\d/.test(line)) expect(clean).not.toContain(line);
      }
    }),
  );
});

test('property: what is clean stays clean', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.lorem({ maxCount: 50 })), (text) => {
      const clean = redact(text);
      expect(redact(clean)).toBe(clean);
    }),
  );
});

const NASTY = [
  '-----BEGIN A-----',
  'a.',
  'password ',
  'https://',
  '"\\',
  'A1a',
  'token: "',
  '--psk ',
  'eyJa.',
  '\\"token\\":\\"',
];

test.for(NASTY)('a log that is nothing but %j takes no more than its time', { timeout: 5_000 }, (piece) => {
  const text = piece.repeat(Math.ceil((256 * 1024) / piece.length));
  expect(redact(text).length).toBeLessThanOrEqual(2 * text.length);
});
