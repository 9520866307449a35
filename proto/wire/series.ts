/** Reports as series: the fleet's steady traffic. What travels is described in proto/bramble/agent/v1/report.proto. */
export { type DecodedReport, type SeriesChange, SeriesDecoder } from './series-decoder.js';
export { SeriesEncoder } from './series-encoder.js';
export { StringPool } from './string-pool.js';
