/** Operands on a device of one's own, made of the sources, for tests of what no public function shows. */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import type { Operand } from "../../../src/backend/backend";
import { openWebgpu } from "../../../src/backend/lazyWebgpu";
import type { WebgpuBackend } from "../../../src/backend/webgpu/backend";
import { arrayOf, type DType, sizeOf } from "../../../src/core/dtype";
import { contiguousStrides, sizeOfShape } from "../../../src/core/shape";
import { swiftshader } from "../../helpers/adapter";

export type { Operand };

/** A device, or why there is none. */
export async function openDevice(): Promise<WebgpuBackend | string> {
  if (existsSync(swiftshader)) process.env.VK_ICD_FILENAMES ??= swiftshader;
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  try {
    return await openWebgpu();
  } catch (error) {
    return (error as Error).message;
  }
}

/** A contiguous operand with values. */
export function operand(
  device: WebgpuBackend,
  dtype: DType,
  shape: readonly number[],
  values?: readonly (number | bigint)[],
): Operand {
  const block = device.allocate(Math.max(1, sizeOfShape(shape)) * sizeOf(dtype));
  if (values !== undefined) {
    const array = new (arrayOf(dtype))(new ArrayBuffer(values.length * sizeOf(dtype)), 0, values.length);
    (array as Float32Array).set(values as number[]);
    device.write(block, dtype, 0, array);
  }
  return { storage: { block }, offset: 0, shape, strides: contiguousStrides(shape), dtype };
}

/** The elements of a contiguous operand. */
export const valuesOf = async (device: WebgpuBackend, { storage, dtype, offset, shape }: Operand): Promise<unknown[]> =>
  Array.from((await device.read(storage.block as never, dtype, offset, sizeOfShape(shape))) as Float32Array);
