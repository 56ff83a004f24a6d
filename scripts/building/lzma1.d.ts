/** What is used of the package `lzma1`, whose own types are its sources, which stricter options than its own refuse. */
export function compress(data: Uint8Array, mode?: number): Uint8Array;
