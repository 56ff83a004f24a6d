/** What is used of the package `lzma1`, whose own types are its sources, which do not pass the settings here. */

/** An LZMA file of its 13 bytes of header and the stream. @param mode From 1, fast, to 9, small. */
export function compress(data: Uint8Array, mode?: number): Uint8Array;
