import { type Collector, noData, ok } from '../../agent/kit/collect/collector.js';
import { Samples } from '../../agent/kit/collectors/sample.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { BRIDGE_NAME } from '../../proto/contract/switch/plan.js';
import { PORTS_MAX } from './ports.js';

const INTERVAL_MS = 60_000;
const TIMEOUT_MS = 10_000;

/**
 * Ports that mstpd lets forward at once, because one machine is behind them: `mstpctl showportdetail BRIDGE`, a block for each port
 * that begins with "br0:swp1 CIST info". Not run on hardware yet. Source: mstpd, ctl_main.c, do_showport_fmt.
 */
export function parseEdgePorts(text: string): ReadonlyMap<string, boolean> {
  const edges = new Map<string, boolean>();
  let port: string | undefined;
  for (const line of text.split('\n')) {
    const head = /^\S+:([a-z][a-z0-9_-]{0,14}) CIST info\s*$/.exec(line);
    if (head !== null) port = head[1];
    const edge = /(?:^|\s)oper edge port +(yes|no)(?:\s|$)/.exec(line)?.[1];
    if (port !== undefined && edge !== undefined) edges.set(port, edge === 'yes');
  }
  return edges;
}

/** Only where mstpd runs the spanning tree: the kernel's own knows no edge ports. */
export function makeSpanningTreeCollector(): Collector {
  return {
    name: 'spanning-tree',
    intervalMs: INTERVAL_MS,
    timeoutMs: TIMEOUT_MS + 1_000,
    async collect({ exec }, signal) {
      let text: string;
      try {
        const argv = ['mstpctl', 'showportdetail', BRIDGE_NAME] as const;
        const { status, stdout, stderr } = await exec.run(argv, { signal, timeoutMs: TIMEOUT_MS });
        if (status !== 0) return noData(`mstpctl: ${stderr.trim().slice(0, 200)}`);
        text = stdout;
      } catch (error) {
        if (BrambleError.from(error).code !== 'not-found') throw error;
        return noData('mstpd is not installed');
      }
      const samples = new Samples();
      for (const [port, isEdge] of [...parseEdgePorts(text)].slice(0, PORTS_MAX)) {
        samples.flag('port_edge_flag', isEdge, port);
      }
      return samples.list.length === 0 ? noData('mstpd has no port') : ok(samples.list);
    },
  };
}
