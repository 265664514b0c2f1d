/**
 * Stands for whatever has no name of a known set, so that no label has more
 * values than the application has names. The word is that of OpenTelemetry's
 * semantic conventions for HTTP.
 */
export const OTHER = "_OTHER";
