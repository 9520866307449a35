import { expect, test } from 'vitest';
import { planPorts } from '../../../proto/contract/netboot/boot-plan.js';
import { BOARD, BOOT_SET } from '../testing/root-rig.js';
import { exportLinks, standardBootPaths } from './boot-paths.js';

test('a root that another board took over is exported from where it is kept: below the serial number that it began with', () => {
  const board = { ...BOARD, serial: '0000000a', rootSerial: BOARD.serial };
  const set = { ...BOOT_SET, ports: BOOT_SET.ports.map((port) => ({ ...port, board })) };
  const tree = { fsid: '1', mountPoint: undefined };
  const root = { ...tree, volumes: [{ ...tree, name: 'data' as const }] };
  const plans = planPorts(set, { roots: new Map([[BOARD.serial, root]]), images: new Map(), held: new Set() });
  const links = exportLinks(standardBootPaths('/srv/bramble'), plans);
  expect(links.size).toBe(2);
  for (const target of links.values()) expect(target).toContain(`/roots/${BOARD.serial}/`);
});
