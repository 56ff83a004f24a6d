/** Results kept for when the same question comes again. */

interface Entry<V> {
  readonly key: readonly number[];
  readonly value: V;
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** FNV-1a over words. */
function hashOf(key: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key[i]!, 0x01000193);
  return hash;
}

/**
 * What follows from a list of integers alone, such as the geometry of an operation: computed once, as long as there are not too
 * many. What is remembered is shared: users must get copies of its arrays.
 */
export class Memo<V> {
  private readonly entries = new Map<number, Entry<V>>();

  /** @param most Entries that are kept; with more, all are dropped. */
  constructor(private readonly most = 1024) {}

  get(key: readonly number[], compute: () => V): V {
    const hash = hashOf(key);
    const known = this.entries.get(hash);
    if (known !== undefined && isSame(known.key, key)) return known.value;
    const value = compute();
    if (this.entries.size >= this.most) this.entries.clear();
    this.entries.set(hash, { key, value });
    return value;
  }
}
