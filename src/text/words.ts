/** Texts as Python sees them: its white space, and the order of its strings. */

/** What `str.split()` and `\s` of Python take for white space. */
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const spaces = new RegExp(`[${SPACE}]+`, "g");

/** A text with each run of white space as one space. */
export const squeezed = (text: string): string => text.replace(spaces, " ");

/** The words of a text, as `str.split()` gives them. */
export const wordsOf = (text: string): string[] => squeezed(text).split(" ").filter(Boolean);

const high = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;

/** Compares by code points, as Python does; JavaScript's order is that of UTF-16. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x === y) continue;
    // A surrogate stands for a code point above all others.
    const [p, q] = [x, y].map((unit) => (high(unit) || (unit >= 0xdc00 && unit < 0xe000) ? unit + 0x10000 : unit));
    return p! - q!;
  }
  return a.length - b.length;
}
