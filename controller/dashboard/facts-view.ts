import type { FactView } from '../../proto/contract/api/fleet.js';
import { renderBytes, renderDuration, renderPercent } from '../../proto/contract/words.js';

/** Facts of one node in the words of a person: what belongs together in one line. */
export interface FactGroup {
  readonly title: string;
  readonly rows: readonly (readonly [label: string, value: string])[];
}

/** Facts by name and instance. */
type Facts = ReadonlyMap<string, ReadonlyMap<string, number | string>>;

export function factGroups(views: readonly FactView[], sinceBootMs: number | undefined): readonly FactGroup[] {
  const facts = index(views);
  return [
    { title: 'Board', rows: boardRows(facts) },
    { title: 'Processor and memory', rows: processorRows(facts) },
    { title: 'Filesystems', rows: filesystemRows(facts) },
    { title: 'Network', rows: networkRows(facts) },
    { title: 'Clock and boot', rows: clockRows(facts, sinceBootMs) },
    { title: 'Agent', rows: agentRows(facts) },
  ].filter((group) => group.rows.length > 0);
}

/** Every fact as it was reported, for whoever wants the number itself. */
export function rawFacts(views: readonly FactView[]): readonly (readonly [string, string])[] {
  return views
    .map(({ fact, instance, value }): [string, string] => [
      instance === '' ? fact : `${fact}{${instance}}`,
      String(value),
    ])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function index(views: readonly FactView[]): Facts {
  const facts = new Map<string, Map<string, number | string>>();
  for (const { fact, instance, value } of views) {
    const byInstance = facts.get(fact) ?? new Map<string, number | string>();
    byInstance.set(instance, value);
    facts.set(fact, byInstance);
  }
  return facts;
}

function number(facts: Facts, name: string, instance = ''): number | undefined {
  const value = facts.get(name)?.get(instance);
  return typeof value === 'number' ? value : undefined;
}

function text(facts: Facts, name: string, instance = ''): string | undefined {
  const value = facts.get(name)?.get(instance);
  return value === undefined || value === '' ? undefined : String(value);
}

function instancesOf(facts: Facts, prefix: string): readonly string[] {
  const names = [...facts.entries()].filter(([name]) => name.startsWith(prefix)).flatMap(([, all]) => [...all.keys()]);
  return [...new Set(names)].sort();
}

type Row = readonly [string, string];
type MaybeRow = readonly [string, string | undefined];

function present(rows: readonly MaybeRow[]): readonly Row[] {
  return rows.flatMap(([label, value]): Row[] => (value === undefined || value === '' ? [] : [[label, value]]));
}

/** Joins what is known; nothing known is no text. */
function sentence(parts: readonly (string | undefined)[]): string | undefined {
  const known = parts.filter((part) => part !== undefined);
  return known.length === 0 ? undefined : known.join(', ');
}

function put(value: number | undefined, render: (value: number) => string): string | undefined {
  return value === undefined ? undefined : render(value);
}

function boardRows(facts: Facts): readonly Row[] {
  return present([
    ['Model', text(facts, 'board_model_text')],
    ['Serial', text(facts, 'board_serial_text')],
    ['Revision', text(facts, 'board_revision_text')],
    ['Hostname', text(facts, 'hostname_text')],
    ['System', sentence([text(facts, 'os_name_text'), text(facts, 'board_architecture_text')])],
    ['Kernel', text(facts, 'kernel_release_text')],
    ...instancesOf(facts, 'board_mac_').map(
      (instance): MaybeRow => [`MAC ${instance}`.trim(), text(facts, 'board_mac_text', instance)],
    ),
  ]);
}

function processorRows(facts: Facts): readonly Row[] {
  const permille = (value: number): string => renderPercent(value / 1_000);
  const total = number(facts, 'memory_total_bytes');
  const available = number(facts, 'memory_available_bytes');
  const swap = number(facts, 'swap_total_bytes');
  const load = ['load_1m_milli', 'load_5m_milli', 'load_15m_milli'].map((name) => number(facts, name));
  return present([
    [
      'Processor',
      sentence([
        put(number(facts, 'cpu_cores_count'), (cores) => `${cores} ${cores === 1 ? 'core' : 'cores'}`),
        put(number(facts, 'cpu_busy_permille'), (busy) => `${permille(busy)} busy`),
        put(number(facts, 'cpu_iowait_permille'), (wait) => `${permille(wait)} waiting for storage`),
      ]),
    ],
    [
      'Load',
      load.every((value) => value === undefined)
        ? undefined
        : `${load.map((value) => put(value, (milli) => (milli / 1_000).toFixed(2)) ?? '-').join(', ')} (1, 5, 15 min)`,
    ],
    ['Memory', freeOf(available, total)],
    ['Swap', swap === 0 ? 'none' : freeOf(number(facts, 'swap_free_bytes'), swap)],
    ['Killed for want of memory', put(number(facts, 'memory_oom_kills_count'), (count) => `${count} since boot`)],
  ]);
}

function freeOf(free: number | undefined, total: number | undefined): string | undefined {
  if (free === undefined || total === undefined) return put(total, renderBytes);
  const share = total > 0 ? ` (${renderPercent(free / total)})` : '';
  return `${renderBytes(free)} free of ${renderBytes(total)}${share}`;
}

function filesystemRows(facts: Facts): readonly Row[] {
  return present(
    instancesOf(facts, 'filesystem_').map((instance): MaybeRow => {
      const of = (name: string) => number(facts, name, instance);
      return [
        instance,
        sentence([
          freeOf(of('filesystem_available_bytes'), of('filesystem_size_bytes')),
          text(facts, 'filesystem_type_text', instance),
          text(facts, 'filesystem_device_text', instance),
          of('filesystem_read_only_flag') === 1 ? 'read-only' : undefined,
        ]),
      ];
    }),
  );
}

/** network_operational_state and network_duplex_state of proto/bramble/agent/v1/report.proto. */
const OPERATIONAL = ['state unknown', 'up', 'down', 'in between'] as const;
const DUPLEX = ['', 'full duplex', 'half duplex'] as const;

function networkRows(facts: Facts): readonly Row[] {
  return present(
    instancesOf(facts, 'network_').map((instance): MaybeRow => {
      const of = (name: string) => number(facts, `network_${name}`, instance);
      const errors = sum(of('receive_errors_count'), of('transmit_errors_count'));
      const drops = sum(of('receive_drops_count'), of('transmit_drops_count'));
      return [
        instance,
        sentence([
          put(of('operational_state'), (state) => OPERATIONAL[state] ?? `state ${state}`),
          put(of('speed_mbps'), (speed) => `${speed} Mb/s`),
          put(of('duplex_state'), (state) => DUPLEX[state] ?? `duplex ${state}`),
          put(of('received_bytes'), (bytes) => `${renderBytes(bytes)} in`),
          put(of('transmitted_bytes'), (bytes) => `${renderBytes(bytes)} out`),
          put(errors, (count) => `${count} errors`),
          put(drops, (count) => `${count} dropped`),
        ]),
      ];
    }),
  );
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0);
}

function clockRows(facts: Facts, sinceBootMs: number | undefined): readonly Row[] {
  return present([
    ['Up', put(sinceBootMs, renderDuration)],
    [
      'Clock',
      put(number(facts, 'clock_synchronised_flag'), (flag) => (flag === 1 ? 'synchronised' : 'not synchronised')),
    ],
    [
      'Against the controller',
      put(number(facts, 'clock_controller_offset_ms'), (ms) => {
        if (ms === 0) return 'the same';
        return `${renderDuration(Math.abs(ms))} ${ms > 0 ? 'ahead' : 'behind'}`;
      }),
    ],
    ['Battery-backed clock', put(number(facts, 'clock_rtc_present_flag'), (flag) => (flag === 1 ? 'yes' : 'no'))],
    ['Boot', text(facts, 'boot_id_text')],
  ]);
}

const COLLECTOR_TROUBLE: Readonly<Record<number, string>> = { 2: 'no data', 3: 'failed', 4: 'timed out' };

function agentRows(facts: Facts): readonly Row[] {
  const collectors = facts.get('collector_state') ?? new Map<string, number | string>();
  const troubled = [...collectors].flatMap(([name, state]): Row[] => {
    const trouble = COLLECTOR_TROUBLE[Number(state)];
    const detail = text(facts, 'collector_error_text', name);
    return trouble === undefined ? [] : [[`Collector ${name}`, sentence([trouble, detail]) ?? trouble]];
  });
  return present([
    ['Memory', put(number(facts, 'agent_resident_bytes'), renderBytes)],
    ['Processor time', put(number(facts, 'agent_cpu_ms'), renderDuration)],
    ['Written', put(number(facts, 'agent_written_bytes'), renderBytes)],
    ['Events waiting', put(number(facts, 'agent_outbox_events_count'), String)],
    ['Events dropped', put(number(facts, 'agent_outbox_dropped_count'), String)],
    ['Values refused', put(number(facts, 'agent_values_refused_count'), String)],
    ['Own storage', put(number(facts, 'agent_storage_failed_flag'), (flag) => (flag === 1 ? 'failed' : 'works'))],
    ...troubled,
  ]);
}
