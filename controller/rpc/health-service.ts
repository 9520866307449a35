import type {
  handleServerStreamingCall,
  handleUnaryCall,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';

/**
 * grpc.health.v1.Health for load balancers and probes. Written by hand: two fields, and the library for it reads a .proto
 * file from disk at run time, which a single-file program does not have. Its answers are the same for every service name,
 * so that nobody learns from it which services there are.
 * Source: https://github.com/grpc/grpc/blob/master/src/proto/grpc/health/v1/health.proto
 */

/** HealthCheckResponse: field 1, varint. 1 = SERVING, 2 = NOT_SERVING. */
const SERVING = Buffer.of(0x08, 0x01);
const NOT_SERVING = Buffer.of(0x08, 0x02);

const bytesAsTheyAre = (bytes: Buffer): Buffer => bytes;

const method = (name: string, responseStream: boolean) => ({
  path: `/grpc.health.v1.Health/${name}`,
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

export function healthService(isServing: () => boolean): UntypedServiceImplementation {
  const answer = (): Buffer => (isServing() ? SERVING : NOT_SERVING);
  const check: handleUnaryCall<Buffer, Buffer> = (_call, done) => {
    done(null, answer());
  };
  // One answer and the end: whoever wants news asks again. A watcher that stays would be a stream that costs and says nothing.
  const watch: handleServerStreamingCall<Buffer, Buffer> = (call) => {
    call.write(answer());
    call.end();
  };
  return { check, watch };
}
