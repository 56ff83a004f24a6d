/** A folder of files in a browser: in IndexedDB, whose transactions are whole or not at all, in pages and in workers. */
import { createStore, del, get, keys, set, type UseStore } from "idb-keyval";
import { KindlingError } from "../core/errors";
import { runtime } from "./platform";
import type { Lock, Store } from "./store";

/** @throws KindlingError where nothing can be kept. */
export function browserStore(op: string, folder: string): Store {
  if (globalThis.indexedDB === undefined)
    throw new KindlingError(`${op}: a ${runtime} without IndexedDB can keep no checkpoints; use toBlob()`);
  return new BrowserStore(op, folder, createStore("kindling-checkpoints", "files"));
}

class BrowserStore implements Store {
  constructor(
    private readonly op: string,
    readonly place: string,
    private readonly files: UseStore,
  ) {}

  /** A lock of the browser's, which goes with the page. Pages that are not secure have none. */
  async lock(): Promise<Lock> {
    const { locks } = globalThis.navigator;
    if (locks === undefined) return { release: async () => {} };
    let release!: () => void;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const isTaken = await new Promise<boolean>((resolve, reject) => {
      locks
        .request(`kindling-checkpoints/${this.place}`, { ifAvailable: true }, (lock) => {
          resolve(lock !== null);
          return lock === null ? undefined : released;
        })
        .catch(reject);
    });
    if (!isTaken)
      throw new KindlingError(
        `${this.op}: the folder "${this.place}" is in use by another page or worker: a folder belongs to one run at a time; ` +
          "close the other, call its close(), or use another folder",
      );
    return { release: async () => release() };
  }

  async names(): Promise<string[]> {
    const begin = `${this.place}/`;
    const all = await this.attempt("list", "", () => keys<string>(this.files));
    return all
      .filter((key) => key.startsWith(begin))
      .map((key) => key.slice(begin.length))
      .sort();
  }

  async read(name: string): Promise<Uint8Array> {
    const bytes = await this.attempt("read", name, () => get<Uint8Array>(`${this.place}/${name}`, this.files));
    if (bytes instanceof Uint8Array) return bytes;
    throw new KindlingError(`${this.op}: cannot read "${this.place}/${name}": there is no such file`);
  }

  write(name: string, bytes: Uint8Array): Promise<void> {
    return this.attempt("write", name, () => set(`${this.place}/${name}`, bytes, this.files));
  }

  remove(name: string): Promise<void> {
    return this.attempt("remove", name, () => del(`${this.place}/${name}`, this.files));
  }

  private async attempt<T>(verb: string, name: string, body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      const { name: kind, message } = error as Error;
      const why = kind === "QuotaExceededError" ? "the browser's room for this page is full" : message;
      throw new KindlingError(`${this.op}: cannot ${verb} "${this.place}/${name}": ${why}`, { cause: error });
    }
  }
}
