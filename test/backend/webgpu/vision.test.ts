/** The kernels of pictures, boxes and regions against those of WebAssembly, by their descriptions; deformable convolutions with their gradients. */
import * as torch from "kindling";
import { beforeEach, describe, expect, it } from "vitest";
import type { Operand } from "../../../src/backend/backend";
import { randomOf } from "../../helpers/mutate";
import { noGpu, onGpu } from "../../helpers/webgpu";
import { agree } from "./agree";

type Backend = any;

const wasm: Backend = (torch.zeros(1) as any).storage.backend;
const gpu: Backend = noGpu === undefined ? (torch.zeros([1], { device: "webgpu" }) as any).storage.backend : undefined;

const arrays = { float32: Float32Array, int64: BigInt64Array, int32: Int32Array, uint8: Uint8Array, bool: Uint8Array };

type DType = keyof typeof arrays;

/** A contiguous operand: its dtype, its shape, and its values, or undefined where an op writes it. */
type Given = readonly [dtype: DType, shape: readonly number[], values?: readonly number[]];

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** An operand on a device. Pictures have 16 bytes behind them, which kernels may read. */
function operand(backend: Backend, [dtype, shape, values]: Given): Operand {
  const make = arrays[dtype] as typeof Float32Array;
  const array = new make(new ArrayBuffer(sizeOf(shape) * make.BYTES_PER_ELEMENT));
  values?.forEach((value, i) => {
    (array as any)[i] = dtype === "int64" ? BigInt(value) : value;
  });
  const block = backend.allocate(array.byteLength + 16);
  if (array.length > 0) backend.write(block, dtype, 0, array);
  const strides = shape.map((_, i) => sizeOf(shape.slice(i + 1)));
  return { storage: { block }, offset: 0, shape, strides, dtype };
}

/** Runs an op on both devices and compares what it wrote. */
async function both(
  op: string,
  given: Readonly<Record<string, Given>>,
  description: (operands: Readonly<Record<string, Operand>>) => object,
  rtol = 1e-6,
): Promise<number[][]> {
  const results = await Promise.all(
    [wasm, gpu].map(async (backend) => {
      const operands = Object.fromEntries(Object.entries(given).map(([name, x]) => [name, operand(backend, x)]));
      backend.run(op, description(operands));
      const written = Object.entries(given).filter(([, [, , values]]) => values === undefined);
      return Promise.all(
        written.map(async ([name, [dtype, shape]]) => {
          const { storage } = operands[name]!;
          return Array.from(await backend.read(storage.block, dtype, 0, sizeOf(shape)), Number);
        }),
      );
    }),
  );
  const [expected, actual] = results as [number[][], number[][]];
  for (const [k, values] of expected.entries())
    for (const [i, value] of values.entries())
      if (Math.abs(actual[k]![i]! - value) > rtol * Math.max(1, Math.abs(value)))
        expect(`${op}, operand ${k}, element ${i}: ${actual[k]![i]}`).toBe(value);
  return actual;
}

const random = randomOf(5);
const bytes = (n: number): number[] => Array.from({ length: n }, () => random(256));
const floats = (n: number): number[] => Array.from({ length: n }, () => random(2001) / 1000 - 1);
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Taps of a triangle of twice the width of a pixel of the result, some of them negative. */
function tapsOf(from: number, to: number) {
  const width = Math.ceil((2 * from) / to) + 2;
  const [starts, counts] = [new Int32Array(to), new Int32Array(to)];
  const weights = new Float64Array(to * width);
  for (let i = 0; i < to; i++) {
    starts[i] = Math.min(from - 1, Math.floor((i * from) / to));
    counts[i] = Math.min(width, from - starts[i]!);
    for (let k = 0; k < counts[i]!; k++) weights[i * width + k] = (k % 3 === 1 ? -0.2 : 0.9) / (1 + k / 2);
  }
  return { starts, counts, width, weights };
}

describe.skipIf(noGpu !== undefined)(`vision ${onGpu}`, () => {
  beforeEach(() => {
    torch.manualSeed(1);
  });

  it.each([1, 2, 3, 4])("pictures of %i bands at other sizes, byte for byte", async (bands) => {
    for (const [height, width, to] of [
      [5, 13, 7],
      [7, 6, 19],
    ] as const) {
      const x: Given = ["uint8", [height, width, bands], bytes(height * width * bands)];
      const rows = tapsOf(width, to);
      await both("resample", { y: ["uint8", [height, to, bands]], x }, ({ x, y }) => ({
        ...{ axis: "rows", x, y, height, width, bands, taps: rows },
      }));
      const columns = tapsOf(height, to);
      await both("resample", { y: ["uint8", [to, width, bands]], x }, ({ x, y }) => ({
        ...{ axis: "columns", x, y, height, width, bands, taps: columns },
      }));
    }
  });

  it.each([1, 3, 4])("pictures of %i bands mirrored, as floats, and normalized", async (bands) => {
    const [height, width] = [5, 7];
    const pixels = height * width;
    const x: Given = ["uint8", [height, width, bands], bytes(pixels * bands)];
    await both("mirrorRows", { y: ["uint8", [height, width, bands]], x }, ({ x, y }) => ({
      x,
      y,
      height,
      width,
      bands,
    }));
    await both("unitPlanes", { y: ["float32", [bands, pixels]], x }, ({ x, y }) => ({ x, y, pixels, bands }));
    const planes: Given = ["float32", [2, bands, height, width], floats(2 * pixels * bands)];
    const given = { y: ["float32", planes[1]], x: planes } as const;
    for (const channels of [1, bands])
      await both(
        "normalizePlanes",
        {
          ...given,
          mean: ["float32", [channels], floats(channels)],
          std: ["float32", [channels], range(channels).map((i) => i + 0.5)],
        },
        ({ x, y, mean, std }) => ({ x, y, mean, std, plane: pixels }),
      );
  });

  it("suppresses boxes, in one group and in several, beyond a workgroup", async () => {
    for (const n of [1, 40, 300]) {
      const corners = range(n).flatMap(() => {
        const [x, y] = [random(60), random(60)];
        return [x, y, x + 4 + random(20), y + 4 + random(20)];
      });
      for (const starts of [
        [0, n],
        [0, n >> 1, n >> 1, n],
      ])
        for (const threshold of [0.1, 0.5]) {
          const [mask] = await both(
            "nms",
            {
              mask: ["bool", [n]],
              boxes: ["float32", [n, 4], corners],
              order: ["int64", [n], range(n).map((i) => (i * 7919) % n)],
            },
            ({ mask, boxes, order }) => ({ mask, boxes, order, starts, threshold }),
          );
          expect(mask![0]).toBe(1);
          if (n === 300) expect(mask).toContain(0);
        }
    }
  });

  describe("regions", () => {
    const [images, height, width] = [2, 6, 7];
    const [regions, down, across] = [3, 2, 3];

    /** Bands of a few elements, one of which is empty. */
    function bandsOf(bins: number, size: number): { triples: number[]; weights: number[] } {
      const [triples, weights]: [number[], number[]] = [[], []];
      for (let i = 0; i < regions * bins; i++) {
        const first = random(size - 1);
        const length = i === 1 ? 0 : 1 + random(size - first);
        triples.push(first, length, weights.length);
        for (let k = 0; k < length; k++) weights.push(random(100) / 100);
      }
      return { triples, weights };
    }
    const [rows, columns] = [bandsOf(down, height), bandsOf(across, width)];
    const tables = {
      batch: ["int32", [regions], [1, 0, 1]],
      order: ["int32", [regions], [1, 0, 2]],
      starts: ["int32", [images + 1], [0, 1, 3]],
      rows: ["int32", [regions, down, 3], rows.triples],
      rowWeights: ["float32", [rows.weights.length], rows.weights],
      columns: ["int32", [regions, across, 3], columns.triples],
      columnWeights: ["float32", [columns.weights.length], columns.weights],
      counts: ["float32", [regions], [1, 4, 2.5]],
    } as const;

    it.each(["shared", "own"] as const)("means of %s channels, and their gradient", async (channels) => {
      const depth = channels === "shared" ? 2 : 2 * down * across;
      const [input, output] = [
        [images, depth, height, width],
        [regions, 2, down, across],
      ];
      const x: Given = ["float32", input, floats(sizeOf(input))];
      const [y] = await both(
        "roiMean",
        { y: ["float32", output], x, ...tables },
        ({ x, y, ...bins }) => ({ x, y, bins, channels }),
        1e-5,
      );
      expect(y!.some((value) => value !== 0)).toBe(true);
      const gy: Given = ["float32", output, floats(sizeOf(output))];
      const gx: Given = ["float32", input];
      await both("roiMeanGradient", { gx, gy, ...tables }, ({ gx, gy, ...bins }) => ({ gx, gy, bins, channels }), 1e-5);
    });

    it("maxima and their positions", async () => {
      const input = [images, 2, height, width];
      const output = [regions, 2, down, across];
      const [, indices] = await both(
        "roiMax",
        { y: ["float32", output], indices: ["int64", output], x: ["float32", input, floats(sizeOf(input))], ...tables },
        ({ x, y, indices, ...bins }) => ({ x, y, indices, bins }),
      );
      expect(indices).toContain(-1);
    });
  });

  it.each([
    ["plain", 1, 0, 1],
    ["with strides", 2, 0, 1],
    ["with padding and dilation", 1, 2, 2],
  ])("deformable convolutions, %s", async (_, stride, padding, dilation) => {
    const [height, width] = [7, 8].map((n) => Math.floor((n + 2 * padding - 2 * dilation - 1) / stride) + 1) as [
      number,
      number,
    ];
    const operands = [
      torch.randn(2, 4, 7, 8),
      torch.randn(2, 2 * 2 * 9, height, width).mul(2),
      torch.randn(6, 4, 3, 3),
      torch.randn(2, 2 * 9, height, width),
    ];
    const options = { stride, padding, dilation };
    await agree(
      "with masks",
      (x, o, w, m) => torch.vision.ops.deformConv2d(x, o, w, { ...options, mask: m }),
      operands,
      2e-5,
    );
    await agree("without", (x, o, w) => torch.vision.ops.deformConv2d(x, o, w, options), operands.slice(0, 3), 2e-5);
  });
});
