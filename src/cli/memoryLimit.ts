/** How much memory this engine lets Kindling have. */

/** Bytes of a page of WebAssembly. */
const PAGE = 65536;

/** The most bytes that a memory may grow to here; 0 where there is none. What is reserved for the attempt takes no memory. */
export function memoryLimit(): number {
  for (let pages = 65536; pages >= 256; pages /= 2) {
    try {
      new WebAssembly.Memory({ initial: 1, maximum: pages, shared: true });
      return pages * PAGE;
    } catch {
      // The engine refuses this maximum: try half of it.
    }
  }
  return 0;
}
