/** Limits that both ends of a stream of reports hold. */

/** Series that one stream may number; what goes beyond is refused. */
export const SERIES_PER_STREAM_MAX = 4_096;

/** UTF-8 bytes of a text value; what is longer is cut by the sender. */
export const TEXT_BYTES_MAX = 1_024;

/** UTF-8 bytes of an instance. Cutting one could make two of them one, so a longer one is refused. */
export const INSTANCE_BYTES_MAX = 1_024;

/** Rough bound of one report, bytes: well below the largest message of the transport. The next report carries the rest. */
export const REPORT_BYTES_MAX = 200 * 1_024;
