/** Bounds of one message. What is beyond them is not lost: the raw message stands in the store as it came. */

/** Parts of one message, multiparts counted. */
export const MAX_PARTS = 1000;
/** How deep parts nest, messages within messages counted. */
export const MAX_DEPTH = 30;
/** One header's value, bytes; the rest of a longer one is left out. */
export const MAX_HEADER_BYTES = 64 * 1024;
/** All headers of a message and its parts together, bytes. */
export const MAX_HEADERS_BYTES = 2 * 1024 * 1024;
/** Decoded bytes of the text parts of one message, and as many again of its HTML; a part that is cut is kept as a file, whole. */
export const MAX_TEXT_BYTES = 4 * 1024 * 1024;
/** A boundary, bytes. The standard allows 70. */
export const MAX_BOUNDARY_BYTES = 1000;
/** Parameters of one header. */
export const MAX_PARAMETERS = 200;
/** Addresses of one header. */
export const MAX_ADDRESSES = 1000;
/** A Message-ID, characters. */
export const MAX_ID_LENGTH = 1000;
/** What is told of a message's oddities. */
export const MAX_DEFECTS = 20;
/** A part that is looked into while understanding (TNEF, reports), decoded bytes. */
export const MAX_INSPECTED_BYTES = 40 * 1024 * 1024;
/** A file name, characters. */
export const MAX_NAME_LENGTH = 255;
