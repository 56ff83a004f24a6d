/** Loads the compiled kernels: picks the SIMD level, compiles synchronously, and gives every export a number. */

import { signatures } from "kindling:kernels";
import { script } from "kindling:loader";
import { instantiateSync } from "@assemblyscript/loader";
import { checkChoice } from "../../core/arguments";
import { ArgumentError, DeviceError, describe, ValueError } from "../../core/errors";
import { environment } from "../../platform/platform";
import { unpackKernels } from "./unpack";

/** Which vector instructions kernels use: those of WebAssembly SIMD, or relaxed ones with fused multiply-add. */
export type SimdLevel = "baseline" | "relaxed";

/** Takes more arguments than it has parameters, as any function does. */
export type KernelFunction = (...args: readonly (number | undefined)[]) => number;

/** One export of the binary. */
export interface Kernel {
  readonly name: string;
  /** The position among the exports, by which workers name it. */
  readonly index: number;
  /** The types of its parameters, a letter each: `i` for integers of 32 bits and addresses, `d` for doubles, `v` for vectors, which JavaScript can't pass. */
  readonly types: string;
  readonly run: KernelFunction;
  /** Where its own binary lies in memory, for one that was made while the program runs. */
  readonly code?: { readonly address: number; readonly bytes: number };
}

export interface Kernels {
  readonly level: SimdLevel;
  readonly module: WebAssembly.Module;
  /** The text of a script that defines `loader`: AssemblyScript's loader, with which other threads instantiate the module, and their loop. */
  readonly loader: string;
  readonly table: ReadonlyMap<string, Kernel>;
  /** What kernels that are made while the program runs may import. */
  readonly exports: WebAssembly.Exports;
  /** The first address that no static data of the binary occupies. */
  readonly heapBase: number;
}

/**
 * (func (export "f") (param f32 f32 f32) (result f32)
 *   (f32x4.extract_lane 0 (f32x4.relaxed_madd (f32x4.splat (local.get 0)) (f32x4.splat (local.get 1)) (f32x4.splat (local.get 2)))))
 */
const probe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 125, 125, 125, 1, 125, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 22, 1, 20,
  0, 32, 0, 253, 19, 32, 1, 253, 19, 32, 2, 253, 19, 253, 133, 2, 253, 31, 0, 11,
]);

/**
 * Whether relaxed multiply-add rounds once. Engines may also round twice, which is slower and gives other bits, so that nothing would
 * be won by the relaxed kernels.
 */
function hasFusedMultiplyAdd(): boolean {
  if (!WebAssembly.validate(probe)) return false;
  const f = new WebAssembly.Instance(compile(probe)).exports.f as (a: number, b: number, c: number) => number;
  return f(1 + 2 ** -12, 1 + 2 ** -12, -1) === 2 ** -11 + 2 ** -24;
}

/** @throws DeviceError where a policy forbids to compile. */
function compile(binary: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  try {
    return new WebAssembly.Module(binary);
  } catch (error) {
    throw new DeviceError(
      `WebAssembly may not be compiled here (${(error as Error).message}). In a page, a Content-Security-Policy must allow \`script-src 'wasm-unsafe-eval'\`. ` +
        'A runtime that only takes modules which it has compiled itself is given one: import kernels from "kindling/kernels.wasm", then torch.backends.wasm.module = kernels',
      { cause: error },
    );
  }
}

/** (func (result v128) (v128.const i32x4 0 0 0 0)) */
const simdProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 22, 1, 20, 0, 253, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 11,
]);

/** @throws DeviceError where there is no WebAssembly, or none with SIMD. */
export function checkEngine(): void {
  if (typeof WebAssembly !== "object")
    throw new DeviceError(
      "this engine has no WebAssembly, which all kernels are written in: Node's option --jitless or a browser's lockdown mode turns it off",
    );
  if (!WebAssembly.validate(simdProbe))
    throw new DeviceError(
      "this engine's WebAssembly has no SIMD: Node has it from version 16.4, Chromium from 91, Firefox from 89, Safari from 16.4",
    );
}

let chosen: SimdLevel | undefined;
/** The kernels as the program has given them, compiled already. */
let given: WebAssembly.Module | undefined;

/** @throws ValueError unless `module` is one of the kernels of this version. */
export function useModule(op: string, module: unknown): void {
  if (!(module instanceof WebAssembly.Module))
    throw new ArgumentError(`${op}: takes the WebAssembly.Module of kindling/kernels.wasm, got ${describe(module)}`);
  const names = new Set(WebAssembly.Module.exports(module).map(({ name }) => name));
  const absent = Object.keys(signatures).find((name) => !names.has(name));
  if (absent !== undefined)
    throw new ValueError(
      `${op}: the module has no kernel "${absent}"; it must be kindling/kernels.wasm of the same version as the library`,
    );
  given = module;
}

/** @throws DeviceError for a level that the engine does not have; ArgumentError for a word that is none. */
export function chooseSimdLevel(op: string, level: SimdLevel): void {
  checkChoice(op, "the level", level, ["baseline", "relaxed"]);
  if (level === "relaxed" && !hasFusedMultiplyAdd())
    throw new DeviceError(
      `${op}: this engine has no relaxed SIMD with fused multiply-add: Node has it from version 22, Chromium from 114`,
    );
  chosen = level;
}

/** The level that was chosen, or the best that the engine has, unless the environment variable KINDLING_SIMD asks for "baseline". */
export function simdLevel(): SimdLevel {
  // The file that is shipped for it has the instructions that every engine has.
  if (given !== undefined) return "baseline";
  if (chosen !== undefined) return chosen;
  if (environment("KINDLING_SIMD") === "baseline") return "baseline";
  return hasFusedMultiplyAdd() ? "relaxed" : "baseline";
}

/** The binary of the kernels of a level, whose functions others may take over. */
export const unpackedKernels = (level: SimdLevel): Uint8Array => unpackKernels(level, compile);

export function compileKernels(level: SimdLevel = simdLevel()): { module: WebAssembly.Module; level: SimdLevel } {
  if (given !== undefined) return { level, module: given };
  return { level, module: compile(unpackKernels(level, compile)) };
}

/** Kernels are the raw exports of the instance: those that the loader hands out as well stand behind a closure each. */
export function loadKernels(module: WebAssembly.Module, level: SimdLevel, memory: WebAssembly.Memory): Kernels {
  const { exports } = instantiateSync(module, { env: { memory } }).instance;
  const table = new Map<string, Kernel>();
  for (const { name, kind } of WebAssembly.Module.exports(module)) {
    if (kind !== "function") continue;
    const run = exports[name] as KernelFunction;
    table.set(name, { name, index: table.size, types: signatures[name]!, run });
  }
  return {
    level,
    module,
    loader: script,
    table,
    exports: exports as WebAssembly.Exports,
    heapBase: table.get("heapBase")!.run() >>> 0,
  };
}
