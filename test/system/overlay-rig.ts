import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ApiClient } from '../../controller/cli/api-client.js';
import { HttpTransport } from '../../controller/cli/transport.js';
import type { OverlayClientView, OverlayView } from '../../proto/contract/api/overlay.js';
import { GATEWAY_ADDRESS, OverlayNet, type Place } from './overlay-net.js';

export const PREFIX = 'fd42:b:1::/48';
export const CONTROLLER_INSIDE = 'fd42:b:1::1';
/** Limits here are those of a machine with nothing else to do; one that is busy is given this many times as long. */
const PATIENCE = 3;
const LOOK_EVERY_MS = 100;
const START_MS_MAX = 30_000;
const CONTROL = 'control.service';
/** It begins anew: what was tried has failed, or was not answered. */
const REFUSED = /SIGUSR1|AUTH_FAILED|Exiting due to fatal error/;
const ADMITTED = 'Initialization Sequence Completed';
const NEVER = new AbortController().signal;

export interface AgentSpec {
  readonly place: Place;
  readonly site: string;
  readonly kind: 'pi' | 'fileserver';
  /** "host:port" of the controller, to enrol with. */
  readonly enrol: string;
  readonly mode?: 'gateway' | 'standalone';
  readonly env?: Readonly<Record<string, string>>;
}

/** Real controller, agents and OpenVPN in the networks of a small federation. */
export class OverlayRig {
  readonly dir = mkdtempSync(join(tmpdir(), 'bramble-overlay-'));
  readonly net: OverlayNet;
  readonly #names = new Map<Place, string>();

  readonly #reportInterval: string;

  constructor(reportInterval: string) {
    this.#reportInterval = reportInterval;
    this.net = new OverlayNet(String(process.pid));
  }

  /** @param prepare fills the controller's folder before it starts */
  static async open(
    reportInterval = '1s',
    prepare: (dataDir: string) => Promise<void> = async () => undefined,
  ): Promise<OverlayRig> {
    const rig = new OverlayRig(reportInterval);
    try {
      await rig.net.build();
      await prepare(join(rig.dir, 'data'));
      await rig.startController();
      return rig;
    } catch (thrown) {
      await rig.close();
      throw thrown;
    }
  }

  get api(): ApiClient {
    const path = join(this.dir, 'data', 'admin.sock');
    return new ApiClient(new HttpTransport({ kind: 'socket', path }, 'overlay'), NEVER);
  }

  get gatewayDir(): string {
    return join(this.dir, 'data', 'overlay', 'gateway-0');
  }

  async startController(): Promise<void> {
    const config = {
      dataDir: join(this.dir, 'data'),
      http: { port: 0 },
      link: { advertise: [`[${CONTROLLER_INSIDE}]:7443`, `${GATEWAY_ADDRESS}:7443`] },
      enrol: { advertise: `${GATEWAY_ADDRESS}:7442` },
      cadence: { reportInterval: this.#reportInterval },
      overlay: { prefix: PREFIX, host: GATEWAY_ADDRESS, services: 'child' },
    };
    const file = join(this.dir, 'controller.yaml');
    writeFileSync(file, JSON.stringify(config));
    const argv = [process.execPath, resolve('dist/bramble-controller.mjs'), '--config', file];
    this.net.start('ctl', join(this.dir, 'controller.log'), argv);
    await until('the controller answers', START_MS_MAX, async () => {
      await this.api.nodes();
      return (await this.view()).gateway.answering;
    });
  }

  async startAgent({ place, site, kind, enrol, mode, env = {} }: AgentSpec): Promise<void> {
    const dir = join(this.dir, place);
    const tunnelDir = join(dir, 'tunnel');
    mkdirSync(tunnelDir, { recursive: true });
    const { token, spkiPin } = await this.api.createToken({ site, kind, preApproved: true });
    // What the packaged unit does, once there is a profile.
    const unit = `cd ${tunnelDir}; until [ -f client.conf ]; do sleep 0.1; done; sysctl -qp sysctl.conf; nft -f policy.nft; exec openvpn --config client.conf >> openvpn.log 2>&1`;
    const config = {
      stateDir: join(dir, 'state'),
      join: { controller: enrol, pin: spkiPin, token },
      allowedUnits: [CONTROL],
      services: {
        child: {
          units: {
            [CONTROL]: ['/bin/sleep', '600'],
            ...(mode !== undefined && { 'bramble-tunnel.service': ['/bin/sh', '-c', unit] }),
          },
        },
      },
      ...(mode !== undefined && { tunnel: { mode, dir: tunnelDir } }),
    };
    writeFileSync(join(dir, 'agent.yaml'), JSON.stringify(config), { mode: 0o600 });
    const program = kind === 'pi' ? 'bramble-agent' : 'bramble-fileserver-agent';
    const more = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const words = [process.execPath, resolve(`dist/${program}.mjs`), 'run', '--config', join(dir, 'agent.yaml')];
    const argv = ['env', ...more, ...words];
    const before = new Set((await this.api.nodes()).map(({ id }) => id));
    this.net.start(place, join(dir, 'agent.log'), argv);
    await until(`${place} enrols`, START_MS_MAX, async () => {
      const fresh = (await this.api.nodes()).find(({ id, liveness }) => !before.has(id) && liveness === 'fresh');
      if (fresh !== undefined) this.#names.set(place, fresh.id);
      return fresh !== undefined;
    });
  }

  id(place: Place): string {
    const id = this.#names.get(place);
    if (id === undefined) throw new Error(`no agent was started in ${place}`);
    return id;
  }

  view(): Promise<OverlayView> {
    return this.api.overlay.view();
  }

  async client(place: Place): Promise<OverlayClientView | undefined> {
    return (await this.view()).clients.find(({ nodeId }) => nodeId === this.id(place));
  }

  /** Where the overlay has put a node. */
  async address(place: Place): Promise<string> {
    const { nodes } = await this.view();
    const found = nodes.find(({ nodeId }) => nodeId === this.id(place));
    if (found === undefined) throw new Error(`${place} has no address`);
    return found.address;
  }

  /** Has the agent do something and waits until it was done. */
  async commands(place: Place): Promise<string> {
    const action = { kind: 'restart-unit', unit: CONTROL } as const;
    return (await this.api.issueCommand(this.id(place), { action, validForMs: 300_000, reason: 'a test' })).id;
  }

  async finished(command: string, limitMs: number): Promise<void> {
    await until(
      `command ${command} is done`,
      limitMs,
      async () => (await this.api.command(command)).state === 'succeeded',
    );
  }

  /** A server for ssh at a node, on its usual port. @returns what an operator says to get in */
  async startSshd(place: Place): Promise<(address: string) => readonly string[]> {
    const dir = join(this.dir, place);
    for (const name of ['host', 'user']) {
      await this.net.inside(place, 'ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(dir, name));
    }
    mkdirSync('/run/sshd', { recursive: true }); // it wants this folder, wherever it runs
    const options = ['UsePAM=no', 'StrictModes=no', 'PidFile=none', `AuthorizedKeysFile=${join(dir, 'user.pub')}`];
    const argv = ['/usr/sbin/sshd', '-D', '-e', '-f', '/dev/null', '-h', join(dir, 'host')];
    this.net.start(place, join(dir, 'sshd.log'), [...argv, ...options.flatMap((option) => ['-o', option])]);
    const ways = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'ConnectTimeout=5', 'BatchMode=yes'];
    const words = ['ssh', '-q', '-F', '/dev/null', '-i', join(dir, 'user'), ...ways.flatMap((way) => ['-o', way])];
    return (address) => [...words, `root@${address}`, 'true'];
  }

  /** The gateway's process by itself, without a controller to look after it. */
  async gatewayAlone(): Promise<ReturnType<OverlayNet['start']>> {
    for (const pid of await this.net.pids('ctl')) process.kill(pid, 'SIGKILL');
    await until('nothing runs there', 5_000, async () => (await this.net.pids('ctl')).length === 0);
    rmSync(join(this.gatewayDir, 'management.sock'), { force: true });
    const argv = ['openvpn', '--config', join(this.gatewayDir, 'server.conf')];
    return this.net.start('ctl', join(this.gatewayDir, 'alone.log'), argv);
  }

  /** Processes of OpenVPN where the controller is. */
  async gatewayPids(): Promise<readonly number[]> {
    const pids = await this.net.pids('ctl');
    return pids.filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('openvpn\0');
      } catch {
        return false; // it has ended
      }
    });
  }

  /** Whether the gateway lets a client in with the files that a node has, perhaps changed. */
  async admits(place: Place, change: (config: string) => string = (config) => config): Promise<boolean> {
    const dir = join(this.dir, place, 'tunnel');
    const [first, ...others] = readFileSync(join(dir, 'client.conf'), 'utf8').split(/(?=<connection>)/);
    // Over its first way only, and once: who is refused is not answered at all.
    const rest = (others.at(-1) ?? '').split('</connection>\n')[1] ?? '';
    const whole = `${first ?? ''}connect-retry-max 1\n${others[0] ?? ''}${rest}`;
    const config = change(whole)
      .replace(/^dev \S+$/m, 'dev trial0')
      .replace(/^hand-window .*$/m, 'hand-window 6');
    writeFileSync(join(dir, 'trial.conf'), config, { mode: 0o600 });
    const log = join(dir, 'trial.log');
    rmSync(log, { force: true });
    const child = this.net.start(place, log, [
      'openvpn',
      '--config',
      join(dir, 'trial.conf'),
      '--connect-retry-max',
      '1',
    ]);
    const said = (): string => readFileSync(log, 'utf8');
    await until('the gateway has decided', 30_000, async () => {
      return child.exitCode !== null || said().includes(ADMITTED) || REFUSED.test(said());
    });
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    return said().includes(ADMITTED);
  }

  log(place: Place, name = 'tunnel/openvpn.log'): string {
    return readFileSync(join(this.dir, place, name), 'utf8');
  }

  async close(): Promise<void> {
    await this.net.remove();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/**
 * Looks until it is so; a look that fails is not so yet.
 *
 * @param limitMs how long it takes at most where nothing else runs; what takes longer is said, and is an error only where
 * it takes several times as long
 */
export async function until(what: string, limitMs: number, look: () => Promise<boolean>): Promise<void> {
  const startedMs = performance.now();
  for (;;) {
    const isSo = await look().catch(() => false);
    const tookMs = performance.now() - startedMs;
    if (isSo && tookMs > limitMs) console.warn(`${what}: after ${Math.round(tookMs)} ms, not ${limitMs}`);
    if (isSo) return;
    if (tookMs > limitMs * PATIENCE) throw new Error(`not within ${(limitMs * PATIENCE) / 1_000} s: ${what}`);
    await wait(LOOK_EVERY_MS);
  }
}
