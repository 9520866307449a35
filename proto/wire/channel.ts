import type { ChannelOptions, ServerOptions } from '@grpc/grpc-js';

/** Limits and timings of the transport, in one place for both ends. */

/** Largest message either way. A full report of a large node is a tenth of it. */
export const MESSAGE_BYTES_MAX = 256 * 1024;

/** Largest piece of a bulk upload, as the contract says. */
export const UPLOAD_CHUNK_BYTES_MAX = 64 * 1024;

/**
 * From dialling to a connection that carries calls. Long on purpose: when a whole fleet comes back at once, handshakes
 * queue at the controller, and giving up early only turns the tail of the queue into new handshakes.
 */
export const CONNECT_TIMEOUT_MS = 90_000;

/**
 * From dialling to a TCP connection, which the kernel of the other end makes whatever its programs do. The kernel of this end
 * would wait twice as long before each try; on a path that has just come back that is most of a minute for nothing.
 */
export const REACH_TIMEOUT_MS = 10_000;

/** A single question and its answer: enrolment, renewal. */
export const CALL_TIMEOUT_MS = 60_000;

/** Ends connections whose other side vanished without a word while nothing was being sent. */
const KEEPALIVE_MS = 300_000;
const KEEPALIVE_ANSWER_MS = 30_000;

export const CHANNEL_OPTIONS = {
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
  // The session decides when to try again, with jitter and in the open.
  'grpc.enable_retries': 0,
  // A proxy from the environment would see an opaque tunnel at best.
  'grpc.enable_http_proxy': 0,
  // No TXT record of somebody's DNS configures this client.
  'grpc.service_config_disable_resolution': 1,
  // Channels with different identities must never share a connection.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_channelz': 0,
} as const satisfies ChannelOptions;

/**
 * For calls that may last. Not for the Link: reports and their acknowledgements are its signs of life, both ends know when to
 * give up, and on a metered uplink every ping costs as much as a report.
 */
export const KEEPALIVE_OPTIONS = {
  'grpc.keepalive_time_ms': KEEPALIVE_MS,
  'grpc.keepalive_timeout_ms': KEEPALIVE_ANSWER_MS,
  'grpc.keepalive_permit_without_calls': 0,
} as const satisfies ChannelOptions;

/** Calls that one connection may have open at once: a stream, a renewal, an upload and one to spare. */
export const STREAMS_PER_CONNECTION_MAX = 4;

export const SERVER_OPTIONS = {
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_concurrent_streams': STREAMS_PER_CONNECTION_MAX,
  /** MB: what one connection may make node:http2 hold. */
  'grpc-node.max_session_memory': 10,
  'grpc.enable_channelz': 0,
} as const satisfies ServerOptions;
