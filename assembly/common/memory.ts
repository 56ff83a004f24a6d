/** The first address that no static data of this binary occupies. */
export function heapBase(): usize {
  return __heap_base;
}
