import { execFile, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LIMIT_MS = 20_000;

export const GATEWAY_ADDRESS = '198.51.100.1';
const PREFIX = 'bov';
const ETHERNET_BYTES = 14;

/** Where things are; each is a network namespace of its own. */
export const PLACES = ['ctl', 'ops', 'wan', 'ra', 'rb', 'rc', 'fa', 'fb', 'pa', 'solo'] as const;
export type Place = (typeof PLACES)[number];

/**
 * The networks of a small federation: a controller and an operator's machine; three sites behind routers that masquerade. Router a
 * forgets UDP after 30 s of silence, router b lets no UDP pass, behind c is one Pi of somebody at home.
 */
export class OverlayNet {
  readonly #id: string;

  constructor(id: string) {
    this.#id = id;
  }

  name(place: Place): string {
    return `${PREFIX}${this.#id}-${place}`;
  }

  async build(): Promise<void> {
    for (const place of PLACES) {
      await ip('netns', 'add', this.name(place));
      await ip('-n', this.name(place), 'link', 'set', 'lo', 'up');
    }
    await this.#ip('wan', 'link', 'add', 'br0', 'type', 'bridge');
    await this.#ip('wan', 'link', 'set', 'br0', 'up');
    const outside = { ctl: 1, ra: 2, rb: 3, rc: 4 } as const;
    for (const [place, host] of Object.entries(outside)) {
      if (place !== 'ctl' && place !== 'ra' && place !== 'rb' && place !== 'rc') continue;
      await this.#join([place, 'out0'], ['wan', `w${place}`]);
      await this.#ip('wan', 'link', 'set', `w${place}`, 'master', 'br0');
      await this.#ip(place, 'addr', 'add', `198.51.100.${host}/24`, 'dev', 'out0');
    }
    await this.#join(['ctl', 'ops0'], ['ops', 'eth0']);
    await this.#ip('ctl', 'addr', 'add', 'fd42:b:1:ff::1/64', 'dev', 'ops0', 'nodad');
    await this.#ip('ops', 'addr', 'add', 'fd42:b:1:ff::2/64', 'dev', 'eth0', 'nodad');
    await this.#ip('ops', 'route', 'add', 'default', 'via', 'fd42:b:1:ff::1');
    await this.inside('ctl', 'sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
    for (const [router, node, lan] of [
      ['ra', 'fa', 50],
      ['rb', 'fb', 51],
      ['rc', 'solo', 52],
    ] as const) {
      await this.#join([router, 'lan0'], [node, 'eth0']);
      await this.#ip(router, 'addr', 'add', `192.168.${lan}.1/24`, 'dev', 'lan0');
      await this.#ip(node, 'addr', 'add', `192.168.${lan}.2/24`, 'dev', 'eth0');
      await this.#ip(node, 'route', 'add', 'default', 'via', `192.168.${lan}.1`);
      await this.#route(router, router === 'rb' ? 'meta l4proto udp drop' : '');
    }
    for (const name of ['nf_conntrack_udp_timeout', 'nf_conntrack_udp_timeout_stream']) {
      await this.inside('ra', 'sysctl', '-qw', `net.netfilter.${name}=30`);
    }
    await this.#join(['fa', 'eth1'], ['pa', 'eth0']);
  }

  /** The gateway of a site and a Pi behind it, on a network of their own. @param subnet "fd42:b:1:101" */
  async addressPi(subnet: string): Promise<void> {
    await this.#ip('fa', 'addr', 'add', `${subnet}::1/64`, 'dev', 'eth1', 'nodad');
    await this.#ip('pa', 'addr', 'add', `${subnet}::2/64`, 'dev', 'eth0', 'nodad');
    await this.#ip('pa', 'route', 'replace', 'default', 'via', `${subnet}::1`);
  }

  /** The uplink of a router, as if somebody had pulled the cable. */
  async cut(router: 'ra' | 'rb' | 'rc', isCut: boolean): Promise<void> {
    await this.#ip('wan', 'link', 'set', `w${router}`, isCut ? 'down' : 'up');
  }

  /** Somebody's provider gives the router another address: what came from the old one is no longer answered. */
  async readdress(router: 'ra' | 'rb' | 'rc', host: number): Promise<void> {
    await this.#ip(router, 'addr', 'flush', 'dev', 'out0', 'scope', 'global');
    await this.#ip(router, 'addr', 'add', `198.51.100.${host}/24`, 'dev', 'out0');
    await this.inside(router, 'nft', '-f', '-', { input: 'flush ruleset' });
    await this.#route(router, '');
    // What the router remembers of flows goes with its address.
    await this.inside(router, 'sh', '-c', 'command -v conntrack >/dev/null && conntrack -F 2>/dev/null || true');
  }

  /** A line of so many bits per second between a router and the world, each way, with the deep queue of cheap routers. */
  async narrow(router: 'ra' | 'rb' | 'rc', bitsPerS: number): Promise<void> {
    for (const [place, device] of lineOf(router)) {
      const tc = (...words: readonly string[]) => this.inside(place, 'tc', ...words);
      await tc('qdisc', 'replace', 'dev', device, 'root', 'handle', '1:', 'htb', 'default', '1');
      const rate = ['rate', `${bitsPerS}bit`, 'burst', '4k', 'cburst', '4k'];
      await tc('class', 'add', 'dev', device, 'parent', '1:', 'classid', '1:1', 'htb', ...rate);
    }
  }

  /** What has gone over a narrow line since it is one, headers of IP among it. */
  async carried(router: 'ra' | 'rb' | 'rc'): Promise<{ readonly upBytes: number; readonly downBytes: number }> {
    const [upBytes = 0, downBytes = 0] = await Promise.all(
      lineOf(router).map(async ([place, device]) => {
        const told = await this.inside(place, 'tc', '-s', 'class', 'show', 'dev', device);
        const [, bytes, packets] = /Sent (\d+) bytes (\d+) pkt/.exec(told) ?? [];
        return Number(bytes) - Number(packets) * ETHERNET_BYTES;
      }),
    );
    return { upBytes, downBytes };
  }

  async inside(place: Place, ...words: readonly (string | { readonly input: string })[]): Promise<string> {
    const argv = words.filter((word) => typeof word === 'string');
    const input = words.find((word) => typeof word !== 'string');
    const child = run('ip', ['netns', 'exec', this.name(place), ...argv], { timeout: LIMIT_MS });
    if (input !== undefined) child.child.stdin?.end(input.input);
    return (await child).stdout;
  }

  /** Whether a command there succeeds. */
  async does(place: Place, ...argv: readonly string[]): Promise<boolean> {
    return this.inside(place, ...argv).then(
      () => true,
      () => false,
    );
  }

  pings(place: Place, address: string): Promise<boolean> {
    return this.does(place, 'ping', '-n', '-c', '1', '-W', '1', address);
  }

  /** Starts a program there; it is ended with the network. */
  start(place: Place, logPath: string, argv: readonly string[]): ReturnType<typeof spawn> {
    const log = openSync(logPath, 'a');
    return spawn('ip', ['netns', 'exec', this.name(place), ...argv], { stdio: ['ignore', log, log] });
  }

  /** Everything that runs in a place, and what it started there. */
  async pids(place: Place): Promise<readonly number[]> {
    const { stdout } = await run('ip', ['netns', 'pids', this.name(place)]).catch(() => ({ stdout: '' }));
    return stdout.split('\n').filter(Boolean).map(Number);
  }

  /** Ends what runs there and removes all of it, whatever was built. */
  async remove(): Promise<void> {
    for (const place of PLACES) {
      for (const pid of await this.pids(place)) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // it has ended
        }
      }
    }
    for (const place of PLACES) await ip('netns', 'delete', this.name(place)).catch(() => undefined);
  }

  async #join([a, aDevice]: readonly [Place, string], [b, bDevice]: readonly [Place, string]): Promise<void> {
    const peer = ['type', 'veth', 'peer', 'name', bDevice, 'netns', this.name(b)];
    await ip('link', 'add', aDevice, 'netns', this.name(a), ...peer);
    await this.#ip(a, 'link', 'set', aDevice, 'up');
    await this.#ip(b, 'link', 'set', bDevice, 'up');
  }

  async #route(router: 'ra' | 'rb' | 'rc', extra: string): Promise<void> {
    await this.inside(router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
    const rules = `table ip nat { chain post { type nat hook postrouting priority 100; oifname "out0" masquerade; }; }
table inet filter {
  chain forward {
    type filter hook forward priority 0; policy drop;
    ${extra}
    ct state established,related accept
    iifname "lan0" accept
  }
}
`;
    await this.inside(router, 'nft', '-f', '-', { input: rules });
  }

  #ip(place: Place, ...words: readonly string[]): Promise<string> {
    return ip('-n', this.name(place), ...words);
  }
}

/** Where what leaves a site, and what comes to it, waits for its turn. */
function lineOf(router: 'ra' | 'rb' | 'rc'): readonly (readonly [Place, string])[] {
  return [
    [router, 'out0'],
    ['wan', `w${router}`],
  ];
}

async function ip(...words: readonly string[]): Promise<string> {
  return (await run('ip', [...words], { timeout: LIMIT_MS })).stdout;
}
