/** Records whose names come from outside. */

/** Sets an entry of a record. A name such as `__proto__` is a name like any other, and changes no prototype. */
export function setOwn<T>(record: Record<string, T>, name: string, value: T): void {
  if (name === "__proto__")
    Object.defineProperty(record, name, { value, writable: true, enumerable: true, configurable: true });
  else record[name] = value;
}

/** What {@link namedTuple} adds to a record: its values by number, and in order. */
export type Tuple<T extends readonly unknown[]> = { readonly [K in keyof T & `${number}`]: T[K] } & {
  [Symbol.iterator](): IterableIterator<T[number]>;
};

/** Results with names that can be destructured and numbered like an array, as Python's named tuples. The numbers do not show among the keys. */
export function namedTuple(record: Record<string, unknown>): any {
  const values = Object.values(record);
  values.forEach((value, i) => {
    Object.defineProperty(record, i, { value });
  });
  return Object.assign(record, { [Symbol.iterator]: () => values.values() });
}
