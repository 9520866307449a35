import type { BoardSight, BootRecord } from '../../proto/contract/boot/record.js';
import { advance, type BoardSighting, type BoardState } from './advance.js';
import { parseBootFile } from './boot-file.js';
import type { BootLine } from './log-line.js';

/** Boards that are remembered. One that floods its VLAN with made-up addresses pushes out its own inventions first. */
export const BOARDS_MAX = 256;
/** Transactions whose vendor class waits for its message. */
const TRANSACTIONS_MAX = 64;

/** What is counted per VLAN, for it is no part of a boot. */
export interface VlanCounts {
  /** Clients that wanted the offer of another DHCP server. */
  readonly otherServers: number;
  /** Requests that nobody may make: writes, and files outside of the root. */
  readonly refusals: number;
  /** Requests for a file in the directory of another board. */
  readonly foreignFiles: number;
}

const NO_COUNTS: VlanCounts = { otherServers: 0, refusals: 0, foreignFiles: 0 };
/** Bound of the counts: interfaces of a fileserver, and one for what names none. */
const VLANS_MAX = 1_024;

/** Every board of one fileserver. Takes lines in the order of the log; time is the caller's, monotonic. */
export class BoardTable {
  readonly #boards = new Map<string, BoardState>();
  readonly #keyByAddress = new Map<string, string>();
  readonly #keyBySerial = new Map<string, string>();
  readonly #askers = new Map<string, 'firmware' | 'system'>();
  readonly #counts = new Map<string, VlanCounts>();

  /** Newest last. */
  records(): readonly BootRecord[] {
    return Array.from(this.#boards.values(), ({ record }) => record);
  }

  states(): readonly BoardState[] {
    return [...this.#boards.values()];
  }

  /** Instance: interface, empty where the log names none. */
  counts(): ReadonlyMap<string, VlanCounts> {
    return this.#counts;
  }

  /** What an earlier process knew. */
  restore(states: readonly BoardState[]): void {
    for (const state of states.slice(-BOARDS_MAX)) this.#put(state);
  }

  /** Who has which address, from the file of leases: boards that asked before the log begins. */
  learnLease(mac: string, address: string): void {
    if (!this.#keyByAddress.has(address)) this.#keyByAddress.set(address, mac);
    dropOldest(this.#keyByAddress, 2 * BOARDS_MAX);
  }

  /** The board that changed; `undefined` = the line changed none. */
  take(line: BootLine, atMs: number): BootRecord | undefined {
    switch (line.kind) {
      case 'vendor-class':
        this.#askers.set(line.transaction, line.text.startsWith('PXEClient') ? 'firmware' : 'system');
        dropOldest(this.#askers, TRANSACTIONS_MAX);
        return undefined;
      case 'dhcp':
        return this.#takeDhcp(line, atMs);
      case 'file':
        return this.#takeFile(line, atMs);
      case 'mount':
        return this.#see({ address: line.address }, { kind: 'mounted' }, atMs);
      case 'refused':
        this.#count(this.#find(line.address)?.record.interfaceName ?? '', 'refusals');
        return undefined;
    }
  }

  /** Somebody who switched its power says so. */
  powerOn(sight: Pick<BoardSight, 'mac'>, atMs: number): BootRecord | undefined {
    return this.#see(sight, { kind: 'power-on' }, atMs);
  }

  /** The root of this address was mounted, told by another source than the log. */
  mounted(address: string, atMs: number): BootRecord | undefined {
    return this.#see({ address }, { kind: 'mounted' }, atMs);
  }

  #takeDhcp(line: Extract<BootLine, { kind: 'dhcp' }>, atMs: number): BootRecord | undefined {
    const { mac, address, interfaceName, message, transaction } = line;
    if (line.otherServer) this.#count(interfaceName, 'otherServers');
    if (message === 'offer' || message === 'ack') {
      const known = this.#boards.get(mac);
      // A lease that is renewed tells of a board that runs, not of a boot.
      if (known === undefined) return undefined;
      const record = { ...known.record, address, interfaceName };
      this.#put({ ...known, record });
      return record;
    }
    if (message !== 'discover') return undefined;
    const asker = this.#askers.get(transaction) ?? 'unknown';
    return this.#see({ mac, interfaceName }, { kind: 'discover', asker }, atMs);
  }

  #takeFile(line: Extract<BootLine, { kind: 'file' }>, atMs: number): BootRecord | undefined {
    if (line.outcome === 'failed') return undefined; // it asks again, or the deadline tells
    const { address } = line;
    const file = parseBootFile(line.path);
    const asking = this.#find(address)?.record;
    const owner = file.directory === '' ? undefined : this.#ownerOf(file.directory);
    const isForeign = owner !== undefined && owner !== asking;
    if (isForeign) this.#count(asking?.interfaceName ?? '', 'foreignFiles');
    // The directory of a board that is known is never taken over by asking for it.
    const serial = isForeign || (asking?.serial ?? '') !== '' ? '' : file.directory;
    return this.#see({ address, serial }, { kind: 'file', file, found: line.outcome === 'sent' }, atMs);
  }

  #ownerOf(serial: string): BootRecord | undefined {
    const record = this.#boards.get(this.#keyBySerial.get(serial) ?? '')?.record;
    return record?.serial === serial ? record : undefined;
  }

  #find(address: string): BoardState | undefined {
    return this.#boards.get(this.#keyByAddress.get(address) ?? address);
  }

  #see(part: Partial<BoardSight>, sighting: BoardSighting, atMs: number): BootRecord | undefined {
    const { serial = '', address = '', interfaceName = '' } = part;
    const mac = part.mac ?? this.#keyByAddress.get(address) ?? '';
    const before = this.#boards.get(mac || address);
    if (before === undefined && sighting.kind === 'mounted') return undefined; // a client that is no board
    const after = advance(before, { mac, serial, address, interfaceName }, sighting, atMs);
    this.#put(after);
    return after.record;
  }

  #put(state: BoardState): void {
    const { record } = state;
    const key = record.mac || record.address;
    this.#boards.delete(key);
    this.#boards.set(key, state);
    if (record.serial !== '') this.#keyBySerial.set(record.serial, key);
    if (record.mac !== '' && record.address !== '') {
      this.#keyByAddress.set(record.address, record.mac);
      if (record.address !== key) this.#boards.delete(record.address);
    }
    if (this.#boards.size > BOARDS_MAX) this.#evict();
    dropOldest(this.#keyByAddress, 2 * BOARDS_MAX);
  }

  /** The oldest board of the VLAN with the most of them. */
  #evict(): void {
    const keysByVlan = new Map<string, string[]>();
    for (const [key, { record }] of this.#boards) {
      const keys = keysByVlan.get(record.interfaceName);
      if (keys === undefined) keysByVlan.set(record.interfaceName, [key]);
      else keys.push(key);
    }
    let most: readonly string[] = [];
    for (const keys of keysByVlan.values()) if (keys.length > most.length) most = keys;
    const key = most[0] ?? '';
    this.#keyBySerial.delete(this.#boards.get(key)?.record.serial ?? '');
    this.#boards.delete(key);
  }

  #count(interfaceName: string, what: keyof VlanCounts): void {
    const counts = this.#counts.get(interfaceName) ?? NO_COUNTS;
    this.#counts.set(interfaceName, { ...counts, [what]: counts[what] + 1 });
    dropOldest(this.#counts, VLANS_MAX);
  }
}

/** Maps keep the order in which keys were first set. */
function dropOldest(map: Map<string, unknown>, sizeMax: number): void {
  for (const key of map.keys()) {
    if (map.size <= sizeMax) return;
    map.delete(key);
  }
}
