/** Records whose names come from outside. */

/** Sets an entry of a record. A name such as `__proto__` is a name like any other, and changes no prototype. */
export function setOwn<T>(record: Record<string, T>, name: string, value: T): void {
  if (name === "__proto__")
    Object.defineProperty(record, name, { value, writable: true, enumerable: true, configurable: true });
  else record[name] = value;
}
