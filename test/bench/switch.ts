import { SimKernelFiles } from '../../agent/sim/sim-kernel-files.js';
import { diffLines, portEffects } from '../../proto/contract/switch/change.js';
import { parseSwitchPlan } from '../../proto/contract/switch/parse-plan.js';
import type { SwitchPlan } from '../../proto/contract/switch/plan.js';
import { preflight } from '../../proto/contract/switch/preflight.js';
import { renderInterfaces } from '../../proto/contract/switch/render-interfaces.js';
import { parseBridgeAddresses, parseBridgeVlans } from '../../switch-agent/collectors/bridge.js';
import { addPorts } from '../../switch-agent/collectors/ports.js';
import type { Figure } from './figure.js';

const PORTS = 52;
const ROUNDS = 40;
/** The compiler has seen everything by then. */
const WARM_ROUNDS = 10;

/** What a change of every port costs whoever plans it, and what the facts of all ports cost the agent, programs apart. */
export async function measureSwitch(): Promise<readonly Figure[]> {
  const styles = ['vlan-aware', 'bridge-per-vlan'] as const;
  const plans = styles.map((style) => cpuMs(() => planOnce(planOf(style, 10), planOf(style, 70))));
  return [
    { figure: 'switch.plan_52_ports', value: Math.max(...plans), unit: 'ms CPU', goal: 20 },
    { figure: 'switch.facts_52_ports', value: factsMs(), unit: 'ms CPU', goal: 50 },
  ];
}

function planOnce(before: SwitchPlan, after: SwitchPlan): void {
  preflight(after, before);
  portEffects(before, after);
  diffLines(renderInterfaces(before), renderInterfaces(after));
}

function planOf(style: SwitchPlan['style'], firstVlan: number): SwitchPlan {
  const boards = PORTS - 4;
  const pi = (at: number) => ({
    role: 'pi',
    storageVlan: firstVlan + at,
    vlans: '131',
    note: `node-${firstVlan + at}`,
  });
  return parseSwitchPlan({
    style,
    management: { name: 'eth0', address: 'dhcp' },
    storageVlans: '10-130',
    reservedVlans: '131',
    ports: {
      ...Object.fromEntries(Array.from({ length: boards }, (_, at) => [`swp${at + 1}`, pi(at)])),
      swp49: { role: 'fileserver', vlans: `${firstVlan}-${firstVlan + boards - 1}` },
      swp50: { role: 'unused' },
      swp51: { role: 'unused' },
      swp52: { role: 'uplink', vlans: '131' },
    },
  });
}

function factsMs(): number {
  const names = Array.from({ length: PORTS }, (_, at) => `swp${at + 1}`);
  const kernel = new SimKernelFiles(
    Object.fromEntries(
      names.flatMap((name) => [
        [`/sys/class/net/${name}/device/vendor`, '0x1af4\n'],
        [`/sys/class/net/${name}/flags`, '0x1003\n'],
        [`/sys/class/net/${name}/ifalias`, `pi: node-${name}\n`],
        [`/sys/class/net/${name}/brport/state`, '3\n'],
        [`/sys/class/net/${name}/brport/bpdu_guard`, '0\n'],
      ]),
    ),
  );
  const mac = (at: number): string => `dc:a6:32:00:00:${at.toString(16).padStart(2, '0')}`;
  const vlans = JSON.stringify(names.map((ifname, at) => ({ ifname, vlans: [{ vlan: 10 + at, flags: ['PVID'] }] })));
  const learned = JSON.stringify(
    names.map((ifname, at) => ({ ifname, mac: mac(at), vlan: 10 + at, flags: [], state: '' })),
  );
  return cpuMs(() => {
    addPorts(kernel);
    parseBridgeVlans(vlans);
    parseBridgeAddresses(learned);
  });
}

function cpuMs(work: () => void): number {
  for (let round = 0; round < WARM_ROUNDS; round++) work();
  const before = process.cpuUsage();
  for (let round = 0; round < ROUNDS; round++) work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / ROUNDS;
}
