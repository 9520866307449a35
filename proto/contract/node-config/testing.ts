/** Configs for tests. */
import fc from 'fast-check';
import type { NodeConfig } from './config.js';

export const KEY_ED25519 = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'A'.repeat(43)}`;
export const KEY_RSA = `ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB${'A'.repeat(200)}`;

/** A key that differs from those of other numbers. */
export function keyNumber(number: number): string {
  return KEY_ED25519.replace(/A{5}$/, `A${String(number).padStart(4, '0')}`);
}

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const name = fc.constantFrom('pi', 'alice', 'root');
const keys = fc.uniqueArray(fc.nat(20), { maxLength: 4 }).map((numbers) => numbers.map(keyNumber));
const sysctl = fc.constantFrom('vm.swappiness', 'vm.dirty_ratio', 'net.ipv4.conf.eth0.rp_filter');
const unit = fc.constantFrom('cups.service', 'fstrim.timer', 'ssh.socket');

/** What of a machine a test may manage without any list in the way. */
export const anyNodeConfig: fc.Arbitrary<NodeConfig> = fc.record(
  {
    hostname: word,
    authorizedKeys: fc.dictionary(name, keys, { noNullPrototype: true }),
    ntpServers: fc.uniqueArray(word, { maxLength: 3 }),
    sysctls: fc.dictionary(sysctl, fc.constantFrom('0', '10', '60'), { noNullPrototype: true }),
    units: fc.dictionary(unit, fc.constantFrom('enabled', 'disabled'), { noNullPrototype: true }),
  },
  { requiredKeys: [] },
);
