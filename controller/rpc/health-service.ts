import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';

/**
 * grpc.health.v1.Health for load balancers and probes. Written by hand: two fields, and the library for it reads a .proto
 * file from disk at run time, which a single-file program does not have.
 * Source: https://github.com/grpc/grpc/blob/master/src/proto/grpc/health/v1/health.proto
 */

export const HEALTH_SERVICE_NAME = 'grpc.health.v1.Health';

/** HealthCheckResponse: field 1, varint. 1 = SERVING, 2 = NOT_SERVING, 3 = SERVICE_UNKNOWN. */
const SERVING = Buffer.of(0x08, 0x01);
const NOT_SERVING = Buffer.of(0x08, 0x02);
const SERVICE_UNKNOWN = Buffer.of(0x08, 0x03);

/** Watchers of one listener: each is a stream that somebody without a name may hold. */
export const HEALTH_WATCHERS_MAX = 64;

const bytesAsTheyAre = (bytes: Buffer): Buffer => bytes;

const method = (name: string, responseStream: boolean) => ({
  path: `/${HEALTH_SERVICE_NAME}/${name}`,
  requestStream: false,
  responseStream,
  requestSerialize: bytesAsTheyAre,
  requestDeserialize: bytesAsTheyAre,
  responseSerialize: bytesAsTheyAre,
  responseDeserialize: bytesAsTheyAre,
});

export const HealthService = {
  check: method('Check', false),
  watch: method('Watch', true),
} satisfies ServiceDefinition;

type Watcher = Parameters<handleServerStreamingCall<Buffer, Buffer>>[0];

/** Health of one listener: of all of it (the empty name) and of each service that is registered there. */
export class Health {
  readonly #services: ReadonlySet<string>;
  readonly #watchers = new Set<Watcher>();
  #isServing = true;

  constructor(services: readonly string[]) {
    this.#services = new Set(['', ...services]);
  }

  get watchersCount(): number {
    return this.#watchers.size;
  }

  /** Tells every watcher that it is over, and lets them go. */
  stop(): void {
    this.#isServing = false;
    for (const watcher of this.#watchers) {
      watcher.write(NOT_SERVING);
      watcher.end();
    }
    this.#watchers.clear();
  }

  service(): UntypedServiceImplementation {
    const check: handleUnaryCall<Buffer, Buffer> = (call, done) => {
      const name = serviceAsked(call.request);
      if (name !== undefined && this.#services.has(name)) done(null, this.#isServing ? SERVING : NOT_SERVING);
      else done({ code: status.NOT_FOUND, details: 'no such service here' });
    };
    const watch: handleServerStreamingCall<Buffer, Buffer> = (call) => this.#watch(call);
    return { check, watch };
  }

  #watch(call: Watcher): void {
    if (this.#watchers.size >= HEALTH_WATCHERS_MAX) {
      const error = Object.assign(new Error('too many watch already'), { code: status.RESOURCE_EXHAUSTED });
      call.emit('error', error);
      return;
    }
    const name = serviceAsked(call.request);
    const isKnown = name !== undefined && this.#services.has(name);
    if (!this.#isServing) {
      call.write(isKnown ? NOT_SERVING : SERVICE_UNKNOWN);
      call.end();
      return;
    }
    this.#watchers.add(call);
    for (const over of ['cancelled', 'close', 'error'] as const) call.on(over, () => this.#watchers.delete(call));
    call.write(isKnown ? SERVING : SERVICE_UNKNOWN);
  }
}

/** HealthCheckRequest: field 1, the name of a service; `undefined` for what is no such message. */
function serviceAsked(request: Buffer): string | undefined {
  try {
    const reader = new BinaryReader(request);
    let name = '';
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      if (field === 1 && wireType === WireType.LengthDelimited) name = reader.string();
      else reader.skip(wireType, field);
    }
    return name;
  } catch {
    return undefined; // no service has the name of nonsense
  }
}
