import { BrambleError } from '../../../proto/contract/errors.js';
import { type BootStock, type PortPlan, planPorts, type TftpEntry } from '../../../proto/contract/netboot/boot-plan.js';
import type { BootSet } from '../../../proto/contract/netboot/boot-set.js';
import { renderDnsmasqConf } from '../../../proto/contract/netboot/dnsmasq.js';
import { type ExportLine, renderExports } from '../../../proto/contract/netboot/exports.js';
import { renderInterfaces } from '../../../proto/contract/netboot/interfaces.js';
import { renderChronyAllow } from '../../../proto/contract/netboot/ntp.js';
import { parseBootSet } from '../../../proto/contract/netboot/parse.js';
import { type BootPaths, bootFolders, exportLinks, viewEntryTarget } from './boot-paths.js';
import type { PoolFiles } from './ports.js';

/** The daemons of the boot path. They belong to the service manager, and go on when nobody of us runs. */
export interface BootServices {
  /** Why dnsmasq would not take a configuration; `undefined` when it would. */
  checkDnsmasq(path: string, signal: AbortSignal): Promise<string | undefined>;
  /** It reads its hosts again; everything that it serves goes on. */
  reloadDnsmasq(signal: AbortSignal): Promise<void>;
  restartDnsmasq(signal: AbortSignal): Promise<void>;
  /** NFS exports exactly what the files say. */
  reExport(signal: AbortSignal): Promise<void>;
  reloadInterfaces(signal: AbortSignal): Promise<void>;
  reloadTime(signal: AbortSignal): Promise<void>;
  /**
   * Mounts an export as a board would, reads nothing and lets go of it. Answers why that does not work, `undefined` when it does.
   * @param folder an empty one
   */
  probeMount(line: ExportLine, folder: string, signal: AbortSignal): Promise<string | undefined>;
}

export interface BootApplierOptions {
  readonly paths: BootPaths;
  readonly files: PoolFiles;
  readonly services: BootServices;
  /** What there is to boot from, now. */
  readonly stock: (signal: AbortSignal) => Promise<BootStock>;
  /** Of a view's content, for its name. */
  readonly digest: (text: string) => string;
}

/**
 * Has the files of the boot path say what the boot set and the pool are. Whatever is there already is left alone; what is
 * missing or was changed by somebody else is put right, so that applying once more is the repair.
 */
export class BootApplier {
  readonly #options: BootApplierOptions;

  constructor(options: BootApplierOptions) {
    this.#options = options;
  }

  /** @throws BrambleError `failed-precondition` when dnsmasq would not take it: nothing has changed then */
  async apply(set: BootSet, signal: AbortSignal): Promise<readonly string[]> {
    const { paths, files } = this.#options;
    const { conf } = bootFolders(paths);
    const changes = await this.#applyConf(conf, set, signal);
    await files.writeText(paths.set, `${JSON.stringify(set)}\n`);
    return [...changes, ...(await this.publish(signal))];
  }

  /** Notes down what counts now, so that undo() can bring it back. What was noted before and never confirmed stays. */
  async begin(): Promise<void> {
    const { files, paths } = this.#options;
    if ((await files.readText(this.#former)) !== undefined) return;
    await files.writeText(this.#former, (await files.readText(paths.set)) ?? NO_SET);
  }

  /** What was applied stays. */
  async confirm(): Promise<void> {
    await this.#options.files.remove(this.#former);
  }

  /** Applies again what counted before begin(); nothing when that was confirmed. */
  async undo(signal: AbortSignal): Promise<readonly string[]> {
    const text = await this.#options.files.readText(this.#former);
    if (text === undefined) return [];
    const trunk = (await this.applied())?.trunk ?? '';
    const former: BootSet =
      text === NO_SET
        ? { trunk, intakeImage: undefined, rescueImage: undefined, ports: [] }
        : parseBootSet(JSON.parse(text));
    const changes = await this.apply(former, signal);
    await this.confirm();
    return changes;
  }

  get #former(): string {
    return `${this.#options.paths.set}.former`;
  }

  /** The set that was applied last; `undefined` before the first one. */
  async applied(): Promise<BootSet | undefined> {
    const text = await this.#options.files.readText(this.#options.paths.set);
    return text === undefined ? undefined : parseBootSet(JSON.parse(text));
  }

  /**
   * Mounts what a board is to get, to see that it is really there. Nothing for a board that is to get nothing.
   * @throws BrambleError `failed-precondition` with what cannot be mounted, and why
   */
  async probe(serial: string, signal: AbortSignal): Promise<void> {
    const { services, files, paths, stock } = this.#options;
    const set = await this.applied();
    if (set === undefined) return;
    const ours = planPorts(set, await stock(signal)).find(
      ({ gate }) => gate.kind !== 'closed' && gate.board?.serial === serial,
    );
    const { probe } = bootFolders(paths);
    await files.makeFolder(probe);
    for (const line of ours?.exports ?? []) {
      const why = await services.probeMount(line, probe, signal);
      if (why === undefined) continue;
      throw new BrambleError('failed-precondition', `${line.path} cannot be mounted by board ${serial}: ${why}`, {
        hint: 'look at nfs-server and rpcbind on the fileserver: systemctl status nfs-server rpcbind',
      });
    }
  }

  stock(signal: AbortSignal): Promise<BootStock> {
    return this.#options.stock(signal);
  }

  /** Of the set that was applied last; nothing before that. Answers with what it changed, in words. */
  async publish(signal: AbortSignal): Promise<readonly string[]> {
    const set = await this.applied();
    if (set === undefined) return [];
    const { services, stock, paths } = this.#options;
    const plans = planPorts(set, await stock(signal));
    // Closing begins with DHCP and opening ends with it: nobody is let in before everything is there.
    const closed = await this.#writeHosts(plans.filter(({ gate }) => gate.kind === 'closed' || gate.kind === 'held'));
    if (closed.length > 0) await services.reloadDnsmasq(signal);
    const exports = await this.#writeExports(plans);
    await services.reExport(signal);
    const views = await this.#writeViews(plans);
    const opened = [...(await this.#writeHosts(plans)), ...(await this.#sweep(plans))];
    const hosts = plans.map((plan) => plan.hosts).join('');
    await this.#tell(bootFolders(paths).hosts, hosts, opened.length > 0, () => services.reloadDnsmasq(signal));
    return [...closed, ...exports, ...views, ...opened];
  }

  async #applyConf(conf: string, set: BootSet, signal: AbortSignal): Promise<readonly string[]> {
    const { paths, services } = this.#options;
    const text = renderDnsmasqConf(set, bootFolders(paths));
    const changes: string[] = [];
    if (!(await this.#is(conf, text))) {
      await this.#checkConf(`${conf}.staged`, text, signal);
      for (const folder of [bootFolders(paths).hosts, bootFolders(paths).tftp])
        await this.#options.files.makeFolder(folder);
    }
    const put = async (path: string, content: string, tell: () => Promise<void>): Promise<void> =>
      this.#tell(path, content, await this.#write(path, content, changes), tell);
    // The interfaces first: dnsmasq binds whatever comes, but nobody asks on what is not there.
    await put(paths.interfaces, renderInterfaces(set), () => services.reloadInterfaces(signal));
    await put(paths.time, renderChronyAllow(set), () => services.reloadTime(signal));
    await put(conf, text, () => services.restartDnsmasq(signal));
    return changes;
  }

  /**
   * Has a daemon read what is written. What it was told last is remembered: whoever ends, or fails, between writing and telling
   * leaves files that look right, of which the daemon knows nothing.
   */
  async #tell(path: string, content: string, isNew: boolean, tell: () => Promise<void>): Promise<void> {
    const { files, paths, digest } = this.#options;
    const mark = `${paths.told}${path.slice(path.lastIndexOf('/'))}`;
    const told = `${digest(`${path}\n${content}`)}\n`;
    if (!isNew && (await this.#is(mark, told))) return;
    await tell();
    await files.writeText(mark, told);
  }

  async #checkConf(staged: string, text: string, signal: AbortSignal): Promise<void> {
    const { files, services } = this.#options;
    await files.writeText(staged, text);
    const why = await services.checkDnsmasq(staged, signal);
    await files.remove(staged);
    if (why === undefined) return;
    throw new BrambleError('failed-precondition', `dnsmasq would not take the ports: ${why}`);
  }

  async #writeHosts(plans: readonly PortPlan[]): Promise<readonly string[]> {
    const { hosts } = bootFolders(this.#options.paths);
    const changes: string[] = [];
    for (const plan of plans) await this.#write(`${hosts}/${portFile(plan)}`, plan.hosts, changes);
    return changes;
  }

  async #writeExports(plans: readonly PortPlan[]): Promise<readonly string[]> {
    const { paths } = this.#options;
    const changes: string[] = [];
    const wanted = exportLinks(paths, plans);
    for (const [name, target] of wanted) await this.#link(`${paths.exportFolder}/${name}`, target, changes);
    await this.#write(paths.exports, renderExports(plans.flatMap((plan) => plan.exports)), changes);
    await this.#sweepFolder(paths.exportFolder, [...wanted.keys()], changes);
    return changes;
  }

  /** The files of a board come into view with one rename. */
  async #writeViews(plans: readonly PortPlan[]): Promise<readonly string[]> {
    const { files, paths, digest } = this.#options;
    const { tftp, views } = bootFolders(paths);
    const changes: string[] = [];
    const names: string[] = [];
    for (const { address, tftp: entries } of plans) {
      const name = `${address}-${digest(JSON.stringify(entries)).slice(0, 16)}`;
      names.push(name, `${name}.json`);
      // Its own record, written last, says that a view is whole.
      if (!(await this.#is(`${views}/${name}.json`, '{}\n'))) {
        await files.remove(`${views}/${name}`);
        await files.makeFolder(`${views}/${name}`);
        for (const entry of entries) await this.#writeEntry(`${views}/${name}`, entry);
        await files.writeText(`${views}/${name}.json`, '{}\n');
      }
      await this.#link(`${tftp}/${address}`, `../views/${name}`, changes);
    }
    await this.#sweepFolder(views, names, []);
    return changes;
  }

  async #writeEntry(view: string, entry: TftpEntry): Promise<void> {
    const { files, paths } = this.#options;
    const path = `${view}/${entry.path}`;
    if ('text' in entry) await files.writeText(path, entry.text);
    else await files.link(path, viewEntryTarget(paths, entry));
  }

  /** Ports that are no longer in the set. */
  async #sweep(plans: readonly PortPlan[]): Promise<readonly string[]> {
    const { hosts, tftp } = bootFolders(this.#options.paths);
    const changes: string[] = [];
    await this.#sweepFolder(hosts, plans.map(portFile), changes);
    await this.#sweepFolder(
      tftp,
      plans.map(({ address }) => address),
      changes,
    );
    return changes;
  }

  async #sweepFolder(folder: string, wanted: readonly string[], changes: string[]): Promise<void> {
    for (const name of await this.#options.files.list(folder)) {
      if (wanted.includes(name)) continue;
      await this.#options.files.remove(`${folder}/${name}`);
      changes.push(`${folder}/${name} removed`);
    }
  }

  async #write(path: string, text: string, changes: string[]): Promise<boolean> {
    if (await this.#is(path, text)) return false;
    await this.#options.files.writeText(path, text);
    changes.push(`${path} written`);
    return true;
  }

  async #link(path: string, target: string, changes: string[]): Promise<void> {
    if ((await this.#options.files.readLink(path)) === target) return;
    await this.#options.files.link(path, target);
    changes.push(`${path} -> ${target}`);
  }

  async #is(path: string, text: string): Promise<boolean> {
    return (await this.#options.files.readText(path)) === text;
  }
}

/** There was none. */
const NO_SET = 'none\n';

function portFile({ vlan }: Pick<PortPlan, 'vlan'>): string {
  return `p${vlan}`;
}
