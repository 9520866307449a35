import { Readable } from 'node:stream';
import { parseGrant } from '../../../proto/contract/access.js';
import type { NodeDetail } from '../../../proto/contract/api/fleet.js';
import { renderBootRecord } from '../../../proto/contract/boot/record-text.js';
import type { NodeId, SiteId } from '../../../proto/contract/ids.js';
import { Access } from '../../usecases/access/access.js';
import type { Passwords } from '../../usecases/access/ports.js';
import { grantViews } from '../../usecases/access/users.js';
import { AuditLog } from '../../usecases/audit/audit-log.js';
import { Backups } from '../../usecases/backups.js';
import { Doctor } from '../../usecases/doctor.js';
import { ImagePlaces } from '../../usecases/images/image-places.js';
import { Images } from '../../usecases/images/images.js';
import type { Store } from '../../usecases/ports.js';
import { by } from '../../usecases/testing/by.js';
import { idleHealing } from '../../usecases/testing/idle-healing.js';
import { idlePorts } from '../../usecases/testing/idle-ports.js';
import { idleProvisioning } from '../../usecases/testing/idle-provisioning.js';
import { MemoryShelf } from '../../usecases/testing/memory-shelf.js';
import { testTrust } from '../../usecases/testing/trust-bench.js';
import type { PartReadiness, WebOptions } from '../options.js';
import { FakeFleet } from './fake-fleet.js';
import { lazyStore } from './lazy-store.js';

export const NODE_1 = 'n-0000000000001';
/** 2026-11-20 12:00 UTC. */
export const NOW_MS = 1_795_176_000_000;

export function nodeDetail(over: Partial<NodeDetail> = {}): NodeDetail {
  return {
    id: NODE_1,
    name: 'pi-01',
    site: 'cam',
    kind: 'pi',
    state: 'ready',
    why: 'reports arrive and nothing is wrong',
    liveness: 'fresh',
    lastSeenMs: NOW_MS - 4_000,
    model: 'Raspberry Pi 3 Model B Rev 1.2',
    serial: '00000000a1b2c3d4',
    macAddresses: ['dc:a6:32:a1:b2:c3'],
    agentVersion: '0.1.0',
    desiredRevision: 0,
    desiredRevisionReached: 0,
    labels: {},
    capabilities: { netboot: 'unknown', ethernet: 'yes', poe: 'unknown', watchdog: 'yes', rtc: 'no' },
    capabilityOverrides: {},
    revision: 1,
    conditions: [],
    facts: [{ fact: 'memory_total_bytes', instance: '', value: 955_252_736 }],
    ...over,
  };
}

/** A fileserver with an array that is rebuilt, an export that fills, and a board that has booted. */
export function fileserverDetail(): NodeDetail {
  const facts: Readonly<Record<string, number | string>> = {
    'raid_spares_count@md0': 0,
    'raid_level_text@md0': 'raid1',
    'raid_array_state@md0': 6,
    'raid_members_count@md0': 2,
    'raid_missing_count@md0': 1,
    'raid_size_bytes@md0': 4e12,
    'raid_sync_state@md0': 4,
    'raid_sync_permille@md0': 125,
    'raid_sync_remaining_s@md0': 5_400,
    'raid_interlock_text@md0': '1 of 2 members missing, recover runs',
    'raid_member_state@md0/sda3': 2,
    'raid_member_state@md0/sdb3': 1,
    'smart_model_text@sda': 'ST4000VN006',
    'smart_health_state@sda': 1,
    'smart_temperature_millidegrees@sda': 34_000,
    'export_clients_count@/export/10.46.189.2': 1,
    'export_size_bytes@/export/10.46.189.2': 2 ** 30,
    'export_available_bytes@/export/10.46.189.2': 2 ** 28,
    'export_full_in_s@/export/10.46.189.2': 86_400,
    'nfs_client_asked_count@10.46.189.2': 12,
    'nfs_client_asked_bytes@10.46.189.2': 2_048,
    'nfs_client_answered_bytes@10.46.189.2': 4_096_000,
    'nfs_client_asked_unix_s@10.46.189.2': NOW_MS / 1_000 - 5,
    'board_boot_text@aa000001': renderBootRecord({
      mac: 'b8:27:eb:aa:00:01',
      serial: 'aa000001',
      address: '10.46.189.2',
      interfaceName: 'eth0.10',
      startedMs: 600_000,
      stagesMs: { 'dhcp-seen': 600_000, 'serial-dir-hit': 602_000, 'kernel-served': 620_000, 'nfs-mounted': 624_000 },
      firstFileMs: 601_000,
      missedMs: undefined,
      missedFirmware: false,
      startsMs: [600_000],
      seenMs: 624_000,
    }),
    'lldp_neighbour_text@eth0': '02:00:00:00:00:02',
    'lldp_seen_unix_s@eth0': NOW_MS / 1_000 - 12,
  };
  return nodeDetail({
    name: 'fs-1',
    kind: 'fileserver',
    bootedAtMs: NOW_MS - 3_600_000,
    facts: Object.entries(facts).map(([key, value]) => {
      const [fact = '', instance = ''] = key.split('@');
      return { fact, instance, value };
    }),
  });
}

const BACKUP = {
  name: 'bramble-20261120T120000000Z',
  path: '/data/backups/bramble-20261120T120000000Z',
  ...{ madeAtMs: NOW_MS, schemaVersion: 3, sizeBytes: 4_096 },
};

function namedNode({ detailById }: FakeFleet, id: NodeId) {
  const node = detailById.get(id);
  // Also a name that no site can have: what is shown of it is what such tests are about.
  return node === undefined ? undefined : { id, name: node.name, site: node.site as SiteId };
}

/** Options for doors on any free port, over a fleet in memory; `adminSocket` must be in a fresh directory. */
export function webOptions(
  adminSocket: string,
  over: Partial<WebOptions> = {},
): WebOptions & { readonly fleet: FakeFleet; readonly store: Store } {
  const parts: readonly PartReadiness[] = [{ part: 'store', ready: true, detail: 'answers' }];
  const page = { contentType: 'text/html; charset=utf-8', body: Buffer.from('<!doctype html>'), etag: '"1"' };
  let seed = 0;
  const fleet = new FakeFleet();
  const clock = { nowMs: () => NOW_MS, monotonicMs: () => 0 };
  const random = { unit: () => 0.5, bytes: (length: number) => new Uint8Array(length).fill(seed++) };
  const timers = { after: () => () => undefined };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const store = lazyStore();
  const deps = { store, world: { clock, random, timers, log }, trust: testTrust };
  return {
    wholeFleet: fleet,
    access: new Access({ ...deps, passwords: quickPasswords }),
    backups: new Backups({
      ...deps,
      files: { make: (withKeys) => Promise.resolve({ ...BACKUP, withKeys }) },
      core: { promote: () => Promise.resolve({ epoch: 5, epochBefore: 4, heldBecause: 'restored' }) },
      hostName: 'controller.example',
    }),
    doctor: new Doctor({
      ...{ ...deps, fleet },
      host: async () => ({
        dataDir: { freeBytes: 30e9, totalBytes: 60e9 },
        openFiles: { openCount: 40, limit: 65_536 },
        ...{ eventLoopDelayMs: 1, clockSynchronised: 'yes', runtime: 'v22.21.1', lastBackupAtMs: NOW_MS - 3_600_000 },
      }),
      storeFacts: async () => ({ schemaVersion: 3, sizeBytes: 4_096 }),
      parts: async () => parts,
      certificates: () => [{ role: 'root', expiresAtMs: NOW_MS + 3e11 }],
      endpoints: () => ({ link: ['controller.example:7443'], enrol: 'controller.example:7442' }),
    }),
    audit: new AuditLog({ ...deps, remembered: () => [] }),
    metricsOpenOnLoopback: true,
    idempotency: { begin: async () => undefined, finish: async () => undefined, fail: async () => undefined },
    history: { series: async () => [{ atMs: 1, value: 2 }] },
    images: new Images({ ...deps, shelf: new MemoryShelf(), places: new ImagePlaces(clock) }),
    healing: idleHealing({ ...deps, find: (id) => namedNode(fleet, id) }),
    switches: idlePorts(deps),
    ...idleProvisioning(deps),
    uploads: { find: async () => ({ sizeBytes: 4, read: () => Readable.from([Buffer.from([0x1f, 0x8b, 8, 0])]) }) },
    join: { spkiPin: 'ab'.repeat(32), enrollEndpoint: 'controller.example:7442' },
    readiness: async () => parts,
    measures: async () => [{ name: 'bramble_reports_total', help: 'Reports taken in.', kind: 'counter', value: 7 }],
    assets: new Map([['/', page]]),
    page: { host: '127.0.0.1', port: 0 },
    adminSocket,
    ...{ clock, random, timers, log },
    ...over,
    fleet,
    store,
  };
}

/** Headers of a program that holds a token with these grants; without any, of a fleet-admin. */
export async function tokenHeaders(
  { access }: Pick<WebOptions, 'access'>,
  ...grants: readonly string[]
): Promise<{ readonly authorization: string }> {
  const given = (grants.length === 0 ? ['fleet-admin'] : grants).map(parseGrant);
  const caller = { principal: { kind: 'administrator', name: undefined }, actor: by('admin') } as const;
  const create = { label: 'test', grants: grantViews(given), ttlMs: 3_600_000 };
  const { token } = await access.apiTokens.create(create, caller);
  return { authorization: `Bearer ${token.reveal()}` };
}

/** As the real ones behave, without the wait. */
export const quickPasswords: Passwords = {
  hash: async (password) => `quick ${password.reveal()}`,
  check: async (password, stored) => ({ matches: stored === `quick ${password.reveal()}`, isOutdated: false }),
};
