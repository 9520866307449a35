import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Node } from '../../domain/node.js';
import { Access } from '../../usecases/access/access.js';
import { type Controller, startController } from '../../usecases/controller.js';
import type { Store } from '../../usecases/ports.js';
import { FakeWorld } from '../../usecases/testing/fake-world.js';
import { makeNode, makeStore } from '../../usecases/testing/fleet.js';
import { healingPorts } from '../../usecases/testing/healing-ports.js';
import { PaperAuthority, testTrust } from '../../usecases/testing/trust-bench.js';
import { SiteUplinks } from '../../usecases/uplink/site-uplinks.js';
import { startWebServer, type WebServer } from '../server.js';
import { quickPasswords, tokenHeaders, webOptions } from './fixtures.js';
import { ask, type HttpAnswer } from './http.js';

const TEXT = new TextEncoder();

/** The doors over real use cases and a real store in memory; only time and the agents are made up. */
export class RealFleet {
  readonly dir: string;
  readonly world: FakeWorld;
  readonly store: Store;
  readonly controller: Controller;
  readonly server: WebServer;
  readonly access: Access;
  readonly uplinks: SiteUplinks;
  /** Of a program that may do everything, for the page's door. */
  readonly headers: { readonly authorization: string };

  private constructor(parts: {
    readonly dir: string;
    readonly world: FakeWorld;
    readonly store: Store;
    readonly controller: Controller;
    readonly server: WebServer;
    readonly access: Access;
    readonly uplinks: SiteUplinks;
    readonly headers: { readonly authorization: string };
  }) {
    this.dir = parts.dir;
    this.world = parts.world;
    this.store = parts.store;
    this.controller = parts.controller;
    this.server = parts.server;
    this.access = parts.access;
    this.uplinks = parts.uplinks;
    this.headers = parts.headers;
  }

  static async start(
    given: {
      readonly nodes?: readonly Node[];
      readonly store?: Store;
      readonly seed?: number;
      readonly metricsOpenOnLoopback?: boolean;
    } = {},
  ): Promise<RealFleet> {
    const world = new FakeWorld(given.seed ?? (given.store === undefined ? 1 : 2));
    const store = given.store ?? (await makeStore(world));
    await store.transact(async (writer) => {
      for (const node of given.nodes ?? [makeNode(1), makeNode(2)]) await writer.putNode(node);
    });
    const authority = new PaperAuthority(world);
    const codec = { encode: ({ id }: { readonly id: string }) => TEXT.encode(id) };
    const uplinks = new SiteUplinks({ store, world, isInTunnel: () => false });
    const controller = await startController({
      store,
      world,
      authority,
      trust: testTrust,
      codec,
      healing: healingPorts,
      endpoints: () => [],
      uplinks,
    });
    const dir = await mkdtemp(join(tmpdir(), 'bramble-fleet-'));
    const { idempotency, audit, healing, api: wholeFleet } = controller;
    const access = new Access({ store, world, trust: testTrust, passwords: quickPasswords });
    const options = webOptions(join(dir, 'admin.sock'), {
      ...{ ...world, idempotency, audit, healing, wholeFleet, access },
      metricsOpenOnLoopback: given.metricsOpenOnLoopback ?? true,
    });
    const server = await startWebServer({ ...options, random: world.random, log: world.log });
    const headers = await tokenHeaders({ access });
    return new RealFleet({ dir, world, store, controller, server, access, uplinks, headers });
  }

  get port(): number {
    return Number(new URL(this.server.url).port);
  }

  /** As the administrator. */
  ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<HttpAnswer> {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const socketPath = join(this.dir, 'admin.sock');
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const options = { socketPath, method, path, headers: { ...type, 'x-bramble-actor': 'kim', ...headers } };
    return ask(options, body === undefined ? undefined : text);
  }

  /** As a program with these grants, through the page's door. */
  async askAs(grant: string, method: string, path: string, body?: unknown): Promise<HttpAnswer> {
    const token = await tokenHeaders(this, grant);
    const headers = body === undefined ? token : { ...token, 'content-type': 'application/json' };
    return await ask({ host: '127.0.0.1', port: this.port, method, path, headers }, JSON.stringify(body));
  }

  async timeline(): Promise<readonly string[]> {
    return (await this.store.reader.eventsAfter(0, { limit: 1_000 })).map(({ reason }) => reason);
  }

  /** As a crash does: the store is kept, and given to the next. */
  async stop(): Promise<void> {
    await this.server.close();
    await this.controller.stop();
    await rm(this.dir, { recursive: true, force: true });
  }
}
