/** Loads the compiled kernels: picks the SIMD level, compiles synchronously, and gives every export a number. */
import { instantiateSync } from "@assemblyscript/loader";
import { baseline, relaxed } from "kindling:kernels";
import { environment } from "../../platform/platform";

export type SimdLevel = "baseline" | "relaxed";

export type KernelFunction = (...args: number[]) => number;

/** One export of the binary. */
export interface Kernel {
  readonly name: string;
  /** The position among the exports, by which workers name it. */
  readonly index: number;
  readonly run: KernelFunction;
}

export interface Kernels {
  readonly level: SimdLevel;
  readonly module: WebAssembly.Module;
  readonly table: ReadonlyMap<string, Kernel>;
  /** The first address that no static data of the binary occupies. */
  readonly heapBase: number;
}

/** (func (param v128 v128 v128) (result v128) local.get 0 local.get 1 local.get 2 f32x4.relaxed_madd) */
const relaxedProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123, 3, 2, 1, 0, 10, 13, 1, 11, 0, 32, 0, 32, 1, 32, 2,
  253, 133, 2, 11,
]);

/** The best level that the engine has, unless the environment variable KINDLING_SIMD asks for "baseline". */
export function simdLevel(): SimdLevel {
  if (environment("KINDLING_SIMD") === "baseline") return "baseline";
  return WebAssembly.validate(relaxedProbe) ? "relaxed" : "baseline";
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

export function compileKernels(level: SimdLevel = simdLevel()): { module: WebAssembly.Module; level: SimdLevel } {
  return { level, module: new WebAssembly.Module(decodeBase64(level === "relaxed" ? relaxed : baseline)) };
}

export function loadKernels(module: WebAssembly.Module, level: SimdLevel, memory: WebAssembly.Memory): Kernels {
  const exports = instantiateSync(module, { env: { memory } }).exports as Record<string, unknown>;
  const table = new Map<string, Kernel>();
  for (const { name, kind } of WebAssembly.Module.exports(module))
    if (kind === "function") table.set(name, { name, index: table.size, run: exports[name] as KernelFunction });
  return { level, module, table, heapBase: table.get("heapBase")!.run() >>> 0 };
}
