/** What the WebGPU device does with buffers, commands and errors. */
import { describe, expect, it, test } from "vitest";
import { classBytes } from "../../../src/backend/webgpu/buffers";
import { geometryOf, stepOf } from "../../../src/backend/webgpu/wgsl/layout";
import { DeviceError, OutOfMemoryError } from "../../../src/core/errors";
import { openDevice, operand, valuesOf } from "./device";

const opened = await openDevice();
const skipped = typeof opened === "string" ? ` (skipped: ${opened})` : "";
const device = opened as Exclude<typeof opened, string>;

test("size classes hold what was asked and waste at most a quarter", () => {
  for (let bytes = 1; bytes < 1e6; bytes = Math.ceil(bytes * 1.01)) {
    const size = classBytes(bytes);
    expect(size).toBeGreaterThanOrEqual(bytes);
    expect(size % 4).toBe(0);
    if (bytes > 256) expect(size).toBeLessThanOrEqual(bytes * 1.25);
    expect(classBytes(size)).toBe(size);
  }
});

describe("geometry", () => {
  const window = (shape: number[], strides: number[]) => ({ shape, strides });

  it("merges axes that all operands step through alike", () => {
    const geometry = geometryOf([2, 3, 4], [window([2, 3, 4], [12, 4, 1]), window([2, 3, 4], [12, 4, 1])]);
    expect(geometry).toEqual({ sizes: [24], strides: [[1], [1]] });
    expect(stepOf(geometry, 0)).toBe("linear");
  });

  it("keeps axes apart that one operand broadcasts", () => {
    const geometry = geometryOf([2, 3], [window([2, 3], [3, 1]), window([3], [1])]);
    expect(geometry).toEqual({
      sizes: [2, 3],
      strides: [
        [3, 1],
        [0, 1],
      ],
    });
    expect(stepOf(geometry, 1)).toBe("strided");
  });

  it("knows a single element", () => {
    expect(stepOf(geometryOf([2, 3], [window([1, 1], [7, 7])]), 0)).toBe("single");
  });
});

describe.skipIf(skipped !== "")(`the device${skipped}`, () => {
  it("submits many dispatches together, and at once what is read", async () => {
    const x = operand(device, "float32", [4], [1, 2, 3, 4]);
    const y = operand(device, "float32", [4]);
    await device.synchronize();
    const before = device.counts;
    device.isFusing = false;
    for (let i = 0; i < 170; i++) device.binary("add", "float32", y, x, i, 1);
    device.isFusing = true;
    expect(device.counts.dispatches - before.dispatches).toBe(170);
    // The first 32, for which an idle GPU waits, then four times as many.
    expect(device.counts.submits - before.submits).toBe(2);
    expect(await valuesOf(device, y)).toEqual([170, 171, 172, 173]);
    expect(device.counts.submits - before.submits).toBe(3);
    expect(device.counts.kernels - before.kernels).toBe(1);
  });

  it("uses no buffer again that unsubmitted work binds", async () => {
    const x = operand(device, "float32", [3], [1, 2, 3]);
    const sum = operand(device, "float32", [3], [0, 0, 0]);
    await device.synchronize();
    for (let i = 0; i < 20; i++) {
      const product = operand(device, "float32", [3]);
      device.binary("mul", "float32", product, x, i, 0);
      device.binary("add", "float32", sum, sum, product, 1);
      device.release(product.storage.block as never, false);
      // A write is done before all that is not submitted: into the same buffer it would spoil the sum.
      const other = operand(device, "float32", [3], [1e6, 1e6, 1e6]);
      device.release(other.storage.block as never, false);
    }
    expect(await valuesOf(device, sum)).toEqual([190, 380, 570]);
  });

  it("writes after what was recorded before", async () => {
    const x = operand(device, "float32", [2], [1, 2]);
    const y = operand(device, "float32", [2]);
    device.binary("mul", "float32", y, x, 10, 0);
    device.write(x.storage.block as never, "float32", 0, Float32Array.of(5, 6));
    expect(await valuesOf(device, y)).toEqual([10, 20]);
    expect(await valuesOf(device, x)).toEqual([5, 6]);
  });

  it("makes no buffer from the second round on", async () => {
    const x = operand(device, "float32", [1000], new Array(1000).fill(1));
    const step = (): void => {
      const y = operand(device, "float32", [1000]);
      device.unary("exp", y, x, 0, 0);
      device.release(y.storage.block as never, false);
    };
    const round = async (): Promise<void> => {
      for (let i = 0; i < 200; i++) step();
      await device.synchronize();
    };
    await round();
    const before = device.counts.buffersCreated;
    await round();
    expect(device.counts.buffersCreated - before).toBe(0);
  });

  it("writes and reads bytes that do not begin or end at a word", async () => {
    const x = operand(device, "uint8", [11], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    device.write(x.storage.block as never, "uint8", 3, Uint8Array.of(33, 44, 55));
    device.write(x.storage.block as never, "uint8", 9, Uint8Array.of(99));
    expect(await valuesOf(device, x)).toEqual([0, 1, 2, 33, 44, 55, 6, 7, 8, 99, 10]);
    expect(await valuesOf(device, { ...x, offset: 3, shape: [3] })).toEqual([33, 44, 55]);
  });

  it("keeps the neighbors of elements that share a word", async () => {
    const x = operand(device, "bool", [9], new Array(9).fill(1));
    device.fill({ ...x, offset: 2, shape: [3], strides: [1] }, 0);
    expect(await valuesOf(device, x)).toEqual([1, 1, 0, 0, 0, 1, 1, 1, 1]);
    const odd = { ...x, shape: [4], strides: [2], offset: 1 };
    device.copy(odd, operand(device, "float32", [4], [0, 0, 2.5, 0]));
    expect(await valuesOf(device, x)).toEqual([1, 0, 0, 0, 0, 1, 1, 0, 1]);
  });

  it("computes in place, also where an operand is broadcast", async () => {
    const x = operand(device, "float32", [2, 3], [1, 2, 3, 4, 5, 6]);
    device.binary("mul", "float32", x, x, x, 0);
    expect(await valuesOf(device, x)).toEqual([1, 4, 9, 16, 25, 36]);
  });

  it("refuses integers beyond 32 bits when they arrive", async () => {
    const x = operand(device, "int64", [2]);
    const write = (value: bigint): void =>
      device.write(x.storage.block as never, "int64", 0, BigInt64Array.of(0n, value));
    expect(() => write(2n ** 31n)).toThrow(/webgpu computes int64 in 32 bits, which do not hold 2147483648; .*cpu/);
    expect(() => write(-(2n ** 31n) - 1n)).toThrow(DeviceError);
    expect(() => device.fill(x, 2 ** 40)).toThrow(/do not hold 1099511627776/);
    write(-(2n ** 31n));
    expect(await valuesOf(device, x)).toEqual([0n, -(2n ** 31n)]);
  });

  it("refuses float64, naming the op and the way out", () => {
    const x = operand(device, "float64", [2]);
    const y = operand(device, "float64", [2]);
    expect(() => device.unary("exp", y, x, 0, 0)).toThrow(
      /^exp: webgpu has no float64; cast with x\.float\(\), or .*cpu/,
    );
    expect(() => operand(device, "float64", [1], [1])).toThrow(DeviceError);
  });

  it("names an op that it does not have, its dtype and the device", () => {
    const x = operand(device, "float32", [2]);
    expect(() => device.unary("bitwiseNot", x, x, 0, 0)).toThrow(/^bitwiseNot: .*webgpu.*float32.*cpu/);
    expect(() => device.unary("exp", operand(device, "int32", [2]), operand(device, "int32", [2]), 0, 0)).toThrow(
      /^exp: .*webgpu.*int32/,
    );
  });

  it("says at the first use that a block is larger than the adapter's buffers", () => {
    const block = device.allocate(2 ** 45);
    const y = { storage: { block }, offset: 0, shape: [2], strides: [1], dtype: "float32" } as const;
    expect(() => device.fill(y, 1)).toThrow(OutOfMemoryError);
    expect(() => device.fill(y, 1)).toThrow(
      /35184372088832 bytes were asked for, but the adapter's largest buffer has/,
    );
    device.release(block, false);
  });

  it("cannot be read at once, and says what to do", () => {
    expect(() => device.element()).toThrow(/await x\.cpu\(\)/);
    expect(() => device.view()).toThrow(DeviceError);
  });

  it("tells of its loss: reads that wait are rejected, later calls throw", async () => {
    const own = await openDevice();
    if (typeof own === "string") throw new Error(own);
    const x = operand(own, "float32", [4], [1, 2, 3, 4]);
    expect(own.isLost).toBe(false);
    const reading = valuesOf(own, x);
    own.destroy();
    await expect(reading).rejects.toThrow(DeviceError);
    await expect(valuesOf(own, x)).rejects.toThrow(/webgpu: the device was lost/);
    expect(() => own.unary("exp", x, x, 0, 0)).toThrow(/the device was lost/);
    expect(own.isLost).toBe(true);
  });
});
