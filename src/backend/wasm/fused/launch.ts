/** Kernels that are made while the program runs: compiled once for each description, and called like those of the binary. */
import { DeviceError } from "../../../core/errors";
import type { FusedKernel } from "../../ops/fused";
import { wasm } from "../backend";
import type { Kernel, KernelFunction } from "../kernels";
import { costOf } from "./cost";
import { binaryOf } from "./kernel";

/** A fused kernel that can be called. */
export interface Launch {
  readonly kernel: Kernel;
  /** The size of the range: elements, or rows where there is more than one axis. */
  readonly range: number;
  /** Nanoseconds that the whole range takes on one thread. */
  readonly cost: number;
}

const made = new Map<string, Launch>();

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, n) => size * n, 1);

/** Compiles a kernel. @throws DeviceError where the runtime compiles nothing while a program runs. */
export function prepare(description: FusedKernel): Launch {
  const key = JSON.stringify(description);
  const known = made.get(key);
  if (known !== undefined) return known;
  const { shape } = description;
  const kernel = compile(binaryOf(description, wasm.simd === "relaxed"));
  const size = sizeOf(shape);
  const range = shape.length === 1 ? size : sizeOf(shape.slice(0, -1));
  const launch = { kernel, range, cost: size * costOf(description) };
  made.set(key, launch);
  return launch;
}

function compile(binary: Uint8Array<ArrayBuffer>): Kernel {
  const { kernels, memory } = wasm.parts;
  const index = kernels.table.size + made.size;
  let run: KernelFunction;
  try {
    const imports = { env: { memory: memory.memory }, lanes: kernels.exports as WebAssembly.ModuleImports };
    run = new WebAssembly.Instance(new WebAssembly.Module(binary), imports).exports.run as KernelFunction;
  } catch (error) {
    throw new DeviceError(`kernels cannot be compiled here while the program runs: ${(error as Error).message}`, {
      cause: error,
    });
  }
  // Threads find it in memory, since they listen to nothing else.
  const address = memory.workspace(binary.length);
  (wasm.viewOf("uint8", address, binary.length) as Uint8Array).set(binary);
  return { name: "fused", index, types: "iii", run, code: { address, bytes: binary.length } };
}

/** Calls a kernel with the frame at an address. */
export function launch({ kernel, range, cost }: Launch, frame: number): void {
  wasm.callFused(kernel, frame, range, cost);
}
