/** Functions of shared libraries, through `koffi` in Node, through what Deno and Bun have built in. */
import { nodeModule } from "./platform";

/** Functions of a library. All arguments and results are integers: `p` in a signature is a pointer or another 64-bit value, `i` an `int`. */
export type ForeignFunctions<K extends string> = Readonly<Record<K, (...args: number[]) => number>>;

/** What calls into shared libraries. */
export interface Foreign {
  /** The address of memory that is not moved: on a SharedArrayBuffer. */
  address(view: Uint8Array): number;
  /** Loads a library, for all code to see. @throws Error with what the system says. */
  load(library: string): void;
  /** Functions of a loaded library. */
  functions<K extends string>(library: string, signatures: Readonly<Record<K, string>>): ForeignFunctions<K>;
  /** The address of data in the library loaded last; 0 if there is none of this name. */
  symbol(name: string): number;
  /** Copies bytes between addresses. */
  copy(to: number, from: number, bytes: number): void;
  /** Lets another thread have the core, if one waits for it. */
  giveWay(): void;
  /** Whether there is a file or folder. */
  exists(path: string): boolean;
  /** Sets a variable of the process's environment, for libraries that are loaded later, unless it is set already. */
  setVariable(name: string, value: string): void;
  /** Ends the process at once with an exit code, whatever its threads do. */
  exit(code: number): void;
}

/**
 * Opens the runtime's interface. This function travels as text to a worker, so it refers to nothing outside itself.
 * @param koffi The file of the package, for Node.
 */
export function openForeign(koffi: string | undefined): Foreign {
  type Call = (...args: (number | bigint)[]) => number | bigint;
  type Opened = Record<string, Call>;
  const scope = globalThis as any;
  const builtin = (name: string): any => scope.process.getBuiltinModule(name);

  const node = () => {
    const library = builtin("node:module").createRequire(koffi!)(koffi!);
    const types: Record<string, string> = { p: "int64_t", i: "int" };
    return {
      address: (view: Uint8Array) => Number(library.address(view)),
      open: (path: string, signatures: Record<string, string>): Opened => {
        const loaded = library.load(path, { global: true });
        const bind = ([name, [result, ...args]]: [string, string]): [string, any] => [
          name,
          loaded.func(
            name,
            types[result!],
            args.map((letter) => types[letter]),
          ),
        ];
        return Object.fromEntries((Object.entries(signatures) as [string, string][]).map(bind));
      },
    };
  };

  const deno = () => {
    const types: Record<string, string> = { p: "i64", i: "i32" };
    const { dlopen, UnsafePointer } = scope.Deno;
    return {
      address: (view: Uint8Array) => Number(UnsafePointer.value(UnsafePointer.of(view))),
      open: (path: string, signatures: Record<string, string>): Opened => {
        const describe = ([name, [result, ...args]]: [string, string]): [string, any] => [
          name,
          { parameters: args.map((letter) => types[letter]), result: types[result!] },
        ];
        return dlopen(path, Object.fromEntries((Object.entries(signatures) as [string, string][]).map(describe)))
          .symbols;
      },
    };
  };

  const bun = () => {
    const types: Record<string, string> = { p: "i64", i: "i32" };
    const { dlopen, ptr } = builtin("bun:ffi");
    return {
      address: (view: Uint8Array) => Number(ptr(view)),
      open: (path: string, signatures: Record<string, string>): Opened => {
        const describe = ([name, [result, ...args]]: [string, string]): [string, any] => [
          name,
          { args: args.map((letter) => types[letter]), returns: types[result!] },
        ];
        return dlopen(path, Object.fromEntries((Object.entries(signatures) as [string, string][]).map(describe)))
          .symbols;
      },
    };
  };

  const { address, open } = scope.Deno ? deno() : scope.Bun ? bun() : node();
  const isMac = scope.process.platform === "darwin";
  const system = open(isMac ? "/usr/lib/libSystem.B.dylib" : "libc.so.6", {
    dlopen: "ppi",
    dlsym: "ppp",
    dlerror: "p",
    strncpy: "pppp",
    memcpy: "pppp",
    sched_yield: "i",
    access: "ipi",
    setenv: "ippi",
    _exit: "ii",
  });
  const text = new Uint8Array(new SharedArrayBuffer(4096));
  const place = address(text);
  /** Writes a text for C. Half the memory is for it, so that there is room for another. */
  const put = (value: string, at = 0): number => {
    text.fill(0, at, at + 2048);
    for (let i = 0; i < value.length && i < 2047; i++) text[at + i] = value.charCodeAt(i);
    return place + at;
  };
  const lastError = (): string => {
    const found = Number(system.dlerror!());
    if (found === 0) return "the system does not say why";
    system.strncpy!(place, found, 4095);
    return String.fromCharCode(...text.slice(0, text.indexOf(0)));
  };
  let handle = 0;
  return {
    address,
    load: (library) => {
      // RTLD_NOW and RTLD_GLOBAL: plug-ins look for the library's own symbols.
      handle = Number(system.dlopen!(put(library), isMac ? 2 | 8 : 2 | 256));
      if (handle === 0) throw new Error(lastError());
    },
    functions: (library, signatures) => open(library, signatures) as never,
    symbol: (name) => Number(system.dlsym!(handle, put(name))),
    copy: (to, from, bytes) => void system.memcpy!(to, from, bytes),
    giveWay: () => void system.sched_yield!(),
    exists: (path) => system.access!(put(path), 0) === 0,
    // A worker of Node has a copy of the environment, so that assigning to `process.env` does not reach the libraries.
    setVariable: (name, value) => void system.setenv!(put(name), put(value, 2048), 0),
    exit: (code) => void system._exit!(code),
  };
}

/** Where the program finds a package of npm; undefined if it does not, or has no packages. */
export function findPackage(name: string): string | undefined {
  const module = nodeModule<typeof import("node:module")>("node:module");
  const process = nodeModule<typeof import("node:process")>("node:process");
  if (module === undefined || process === undefined) return undefined;
  const path = nodeModule<typeof import("node:path")>("node:path")!;
  // The program's own packages, those of the folder that it runs in, and those beside this library.
  const places = [process.argv[1], path.join(process.cwd(), "none.js"), import.meta.url];
  for (const place of places) {
    if (place === undefined || place === "") continue;
    try {
      const from = place.startsWith("file:") ? place : path.resolve(place);
      return module.createRequire(from).resolve(name);
    } catch {
      // It is not there: try the next place.
    }
  }
  return undefined;
}
