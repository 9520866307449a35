/** Who is on a port of a switch that is planned for a board, out of the addresses that were learned there. */

export interface PortSight {
  readonly isWrongBoard: boolean;
  readonly isForeign: boolean;
  /** What was found; empty when all is as planned. */
  readonly words: string;
}

export interface LearnedPort {
  readonly port: string;
  /** As its interface is called: "pi: node-7". */
  readonly role: string;
  /** As `port_vlans_text` has them: "10u 131". */
  readonly vlans: string;
  /** As `port_macs_text` has them: "10/dc:a6:32:00:00:01". */
  readonly macs: string;
}

const AS_PLANNED: PortSight = { isWrongBoard: false, isForeign: false, words: '' };
/** Learned without their VLAN, or in it. */
const MAC = /^(?:(\d+)\/)?([0-9a-f]{2}(?::[0-9a-f]{2}){5})$/;
const MACS_NAMED = 2;

/**
 * Each port that is planned for a board, with what is wrong there. Anybody can pretend an address: this finds mistakes, not attackers.
 * @param ownerOf name of the node of the fleet that has an address
 * @param macsOf addresses of the node of this name; `undefined` = no such node, and nothing is called foreign on its port
 */
export function judgePorts(
  ports: readonly LearnedPort[],
  ownerOf: (mac: string) => string | undefined,
  macsOf: (name: string) => readonly string[] | undefined,
): ReadonlyMap<string, PortSight> {
  const planned = ports.flatMap((port) => {
    const [kind, board = ''] = port.role.split(': ');
    return kind === 'pi' ? [{ ...port, board, vlan: /(?:^| )(\d+)u(?: |$)/.exec(port.vlans)?.[1] ?? '' }] : [];
  });
  return new Map(
    planned.map((port) => {
      const own = macsOf(port.board);
      if (port.board === '' || own === undefined || own.length === 0) return [port.port, AS_PLANNED];
      const here = macsOn(port).filter(({ mac }) => !own.includes(mac));
      const elsewhere = planned.filter(({ port: other }) => other !== port.port).flatMap(macsOn);
      const inItsVlan = elsewhere.filter(
        ({ vlan, mac }) => port.vlan !== '' && vlan === port.vlan && !own.includes(mac),
      );
      return [port.port, sightOf(port.board, [...here, ...inItsVlan], ownerOf)];
    }),
  );
}

function sightOf(
  board: string,
  strange: readonly { readonly mac: string }[],
  ownerOf: (mac: string) => string | undefined,
): PortSight {
  if (strange.length === 0) return AS_PLANNED;
  const owners = strange.map(({ mac }) => ownerOf(mac));
  const wrong = owners.find((owner) => owner !== undefined);
  if (wrong !== undefined) {
    return { isWrongBoard: true, isForeign: false, words: `${wrong} is there, it is planned for ${board}` };
  }
  const named = strange.slice(0, MACS_NAMED).map(({ mac }) => mac);
  const words = `${named.join(', ')} ${strange.length === 1 ? 'is' : 'are'} not of ${board}, nor of any node of the fleet`;
  return { isWrongBoard: false, isForeign: true, words };
}

function macsOn({ macs }: LearnedPort): readonly { readonly vlan: string; readonly mac: string }[] {
  return macs.split(' ').flatMap((word) => {
    const [, vlan = '', mac] = MAC.exec(word) ?? [];
    return mac === undefined ? [] : [{ vlan, mac }];
  });
}
