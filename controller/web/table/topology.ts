import { z } from 'zod';
import {
  AddressList,
  OfferList,
  PlacementAsk,
  PlacementView,
  type TopologyDocument,
  TopologyPut,
  TopologyView,
  WhatIfView,
} from '../../../proto/contract/api/topology.js';
import { declareRoute } from '../declare.js';

const TOPOLOGY_EXAMPLE: TopologyDocument = {
  sites: [{ name: 'cam', uplinkDownBitsPerS: 100_000_000, uplinkUpBitsPerS: 20_000_000 }],
  racks: [{ name: 'cam-rack1', site: 'cam' }],
  shelves: [{ name: 'cam-shelf1', rack: 'cam-rack1' }],
  psus: [],
  switches: [],
  fileservers: [],
  nodes: [],
  spares: [],
  pools: [{ kind: 'vlan', domain: 'cam', first: 10, last: 200, reserved: [100] }],
};

const OFFER_EXAMPLE = {
  node: 'pi-07',
  site: 'cam',
  shelf: 'cam-shelf1',
  architecture: 'armv8',
  coresCount: 4,
  coreMHz: 1_200,
  memoryBytes: 2 ** 30,
  lanBitsPerS: 100_000_000,
  uplinkShareBitsPerS: 830_000,
  netboot: 'rom',
} as const;

/** What stands where, what follows from it, and what nodes have to offer. */
export const TOPOLOGY_ROUTES = {
  getTopology: declareRoute({
    method: 'GET',
    path: '/api/v1/topology',
    summary: 'What stands where, who powers whom and who boots whom',
    tag: 'topology',
    doors: 'both',
    answer: {
      status: 200,
      description: 'of the sites that the caller may see',
      schema: TopologyView,
      example: { revision: 1, topology: TOPOLOGY_EXAMPLE },
    },
    errors: [],
  }),
  setTopology: declareRoute({
    method: 'PUT',
    path: '/api/v1/topology',
    summary: 'Replace the topology; every port and node gets its VLAN, addresses and prefix, or nothing changes',
    tag: 'topology',
    doors: 'both',
    body: TopologyPut,
    answer: {
      status: 200,
      description: 'as it is now',
      schema: TopologyView,
      example: { revision: 1, topology: TOPOLOGY_EXAMPLE },
    },
    errors: ['failed-precondition'],
  }),
  listAddresses: declareRoute({
    method: 'GET',
    path: '/api/v1/topology/addresses',
    summary: 'VLAN, storage block, export and prefixes of every node; how full the pools are, and what leaks',
    tag: 'topology',
    doors: 'both',
    answer: {
      status: 200,
      description: 'pools and leaks only for who may see every site',
      schema: AddressList,
      example: {
        nodes: [{ node: 'pi-07', vlan: 17, exportPath: '/export/10.46.188.30' }],
        pools: [
          {
            pool: 'vlan cam',
            usedCount: 96,
            usableCount: 190,
            growthPerDay: 0.5,
            exhaustedInDays: 188,
            isNearlyFull: false,
          },
        ],
        leaks: [],
      },
    },
    errors: [],
  }),
  whatIf: declareRoute({
    method: 'GET',
    path: '/api/v1/topology/what-if',
    summary: 'What pulling a plug would do: who goes dark, who hangs, who is merely out of sight',
    tag: 'topology',
    doors: 'both',
    query: z.strictObject({ pull: z.string().min(1).max(63) }),
    answer: {
      status: 200,
      description: 'by the topology; nothing is touched',
      schema: WhatIfView,
      example: {
        name: 'cam-fs1',
        kind: 'fileserver',
        takesAlong: [],
        nodes: [{ name: 'pi-07', effect: 'hung' }],
        heldBy: 'fileserver:cam-fs1',
      },
    },
    errors: ['not-found'],
  }),
  listOffers: declareRoute({
    method: 'GET',
    path: '/api/v1/placement/offers',
    summary: 'What every node that is well and free to use has to offer to whoever places work',
    tag: 'placement',
    doors: 'both',
    answer: { status: 200, description: 'offers', schema: OfferList, example: { offers: [OFFER_EXAMPLE] } },
    errors: [],
  }),
  findPlacement: declareRoute({
    method: 'POST',
    path: '/api/v1/placement',
    summary: 'Where work of a size would fit: the smallest nodes that suffice, apart from each other as asked',
    tag: 'placement',
    doors: 'both',
    unkeyed: true,
    body: PlacementAsk,
    answer: {
      status: 200,
      description: 'nothing is reserved',
      schema: PlacementView,
      example: { nodes: ['pi-07'], rejected: { memory: 12 } },
    },
    errors: [],
  }),
} as const;
