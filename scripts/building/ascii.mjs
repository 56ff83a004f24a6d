/**
 * A plugin of rollup that writes characters beyond ASCII as escapes. Engines keep a file that has any, be it in a comment, at two bytes a character: Node
 * takes 7 % longer to import the library, and reads it into twice the memory.
 */
export function escapeToAscii() {
  const escapeUnit = (/** @type {string} */ unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return {
    name: "escape-to-ascii",
    renderChunk: (/** @type {string} */ code) => ({ code: code.replace(/[^\0-\x7f]/g, escapeUnit), map: null }),
  };
}
