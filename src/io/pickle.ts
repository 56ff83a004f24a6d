/**
 * Reads Python's pickles of plain data: numbers, texts, bytes, lists, tuples, sets, dicts and numpy arrays. A pickle is a program; here it can build
 * nothing else, so that reading a file from anywhere is safe.
 */
import { setOwn } from "../core/record";
import { ArrayShell, builtins, PickledArray } from "./pickle/builtins";
import { latin1, MOST_DEPTH, RawText, Reader } from "./pickle/machine";

export { PickledArray };

/** What a pickle may hold here. */
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickledArray
  | readonly Pickled[]
  | ReadonlySet<Pickled>
  | { readonly [key: string]: Pickled };

/** Makes plain values of what the machine has built. */
class Plain {
  private readonly done = new Map<unknown, Pickled>();

  constructor(private readonly reader: Reader) {}

  visit(value: unknown, depth: number): Pickled {
    if (depth > MOST_DEPTH) this.reader.fail(`values are nested more than ${MOST_DEPTH} deep`);
    if (value instanceof RawText) return value.text;
    if (typeof value !== "object" || value === null || value instanceof Uint8Array || value instanceof PickledArray)
      return value as Pickled;
    const known = this.done.get(value);
    if (known !== undefined) return known;
    if (value instanceof ArrayShell) return value.made ?? this.reader.fail("an array has no content");
    if (Array.isArray(value)) return this.list(value, depth);
    if (value instanceof Map) return this.dict(value, depth);
    if (value instanceof Set) return new Set([...value].map((item) => this.visit(item, depth + 1)));
    return this.reader.fail("it holds a function or a dtype as a value");
  }

  private list(values: readonly unknown[], depth: number): Pickled {
    const list: Pickled[] = [];
    this.done.set(values, list);
    for (const value of values) list.push(this.visit(value, depth + 1));
    return list;
  }

  private dict(map: ReadonlyMap<unknown, unknown>, depth: number): Pickled {
    const record: Record<string, Pickled> = {};
    this.done.set(map, record);
    for (const [key, value] of map) {
      const name = key instanceof Uint8Array ? latin1(key) : key;
      if (typeof name !== "string" && typeof name !== "number" && typeof name !== "bigint")
        this.reader.fail("a dict has a key that is no text or number");
      setOwn(record, String(name), this.visit(value, depth + 1));
    }
    return record;
  }
}

/**
 * The value of a pickle, of the protocols 0 to 5. Texts of Python 2 are read as latin1; dicts become objects, tuples arrays.
 * @param path The name of the file in errors.
 * @throws FormatError if the file is damaged, truncated, or asks for anything but plain data and numpy arrays, naming what it asks for.
 */
export function readPickle(path: string, file: Uint8Array): Pickled {
  const reader = new Reader(path, file, builtins);
  return new Plain(reader).visit(reader.run(), 0);
}
