/** Convolutions of kernels far larger than what they see: values and gradients against sums in float64. */
import * as torch from "kindling";
import { expect, test } from "vitest";

const F = torch.nn.functional;

interface Case {
  readonly transposed: boolean;
  readonly input: readonly number[];
  readonly kernel: readonly number[];
  /** Channels of the input and of the output. */
  readonly channels: readonly [number, number];
  readonly n?: number;
  readonly stride?: readonly number[];
  readonly padding?: readonly number[];
  readonly outputPadding?: readonly number[];
  readonly groups?: number;
}

const cases: Record<string, Case> = {
  "transposed, one axis": { transposed: true, input: [3], kernel: [2001], channels: [4, 5], n: 2 },
  "transposed, two axes": { transposed: true, input: [3, 4], kernel: [21, 35], channels: [4, 6], n: 2 },
  "transposed, three axes": { transposed: true, input: [1, 2, 2], kernel: [9, 8, 10], channels: [4, 5] },
  "transposed, groups and padding": {
    transposed: true,
    input: [3, 2],
    kernel: [31, 30],
    channels: [4, 6],
    n: 2,
    padding: [1, 3],
    groups: 2,
  },
  "transposed, padding beyond what neighbors share": {
    transposed: true,
    input: [2, 2],
    kernel: [40, 41],
    channels: [3, 4],
    padding: [9, 12],
  },
  "transposed, steps": {
    transposed: true,
    input: [2, 3],
    kernel: [45, 44],
    channels: [4, 4],
    n: 2,
    stride: [2, 3],
    padding: [1, 0],
    outputPadding: [1, 2],
  },
  "forward, padding": { transposed: false, input: [3, 4], kernel: [25, 27], channels: [4, 6], padding: [24, 26], n: 2 },
  "forward, groups, cut": {
    transposed: false,
    input: [4, 3],
    kernel: [33, 31],
    channels: [4, 6],
    padding: [29, 30],
    groups: 2,
    n: 2,
  },
};

/** Every product of a plain convolution: calls back with the positions of x, w and y in their lists. */
function eachProduct(c: Case, output: readonly number[], visit: (x: number, w: number, y: number) => void): void {
  const {
    channels: [from, to],
    groups = 1,
    n = 1,
    transposed,
  } = c;
  const rank = c.kernel.length;
  const at = (axis: number, list: readonly number[] | undefined, fill: number) => list?.[axis] ?? fill;
  const taps: { x: number; w: number; y: number }[] = [];
  const walk = (axis: number, x: number, w: number, y: number): void => {
    if (axis === rank) {
      taps.push({ x, w, y });
      return;
    }
    for (let i = 0; i < c.input[axis]!; i++)
      for (let k = 0; k < c.kernel[axis]!; k++) {
        // The output that an element reaches by a tap.
        const offset = i * (transposed ? at(axis, c.stride, 1) : 1) - at(axis, c.padding, 0) * (transposed ? 1 : -1);
        const o = transposed ? offset + k : offset - k;
        if (o < 0 || o >= output[axis]!) continue;
        walk(axis + 1, x * c.input[axis]! + i, w * c.kernel[axis]! + k, y * output[axis]! + o);
      }
  };
  walk(0, 0, 0, 0);
  const size = (list: readonly number[]) => list.reduce((product, value) => product * value, 1);
  const [X, W, Y] = [size(c.input), size(c.kernel), size(output)];
  const [perIn, perOut] = [from / groups, to / groups];
  for (let b = 0; b < n; b++)
    for (let g = 0; g < groups; g++)
      for (let i = 0; i < perIn; i++)
        for (let o = 0; o < perOut; o++) {
          const inChannel = g * perIn + i;
          const outChannel = g * perOut + o;
          const weight = transposed ? inChannel * perOut + o : outChannel * perIn + i;
          for (const { x, w, y } of taps)
            visit((b * from + inChannel) * X + x, weight * W + w, (b * to + outChannel) * Y + y);
        }
}

const close = (actual: torch.Tensor, expected: Float64Array): void => {
  const got = actual.detach().to("float64").contiguous().toTypedArray() as Float64Array;
  const most = expected.reduce((m, value) => Math.max(m, Math.abs(value)), 0);
  expect(got.length).toBe(expected.length);
  let worst = 0;
  got.forEach((value, i) => {
    worst = Math.max(worst, Math.abs(value - expected[i]!));
  });
  expect(worst / most).toBeLessThan(2e-5);
};

test.each(Object.entries(cases))("%s", (_, c) => {
  torch.manualSeed(3);
  const {
    channels: [from, to],
    groups = 1,
    n = 1,
    transposed,
  } = c;
  const x = torch.randn([n, from, ...c.input], { requiresGrad: true });
  const w = torch.randn([transposed ? from : to, (transposed ? to : from) / groups, ...c.kernel], {
    requiresGrad: true,
  });
  const bias = torch.randn([to], { requiresGrad: true });
  const name = `conv${transposed ? "Transpose" : ""}${c.kernel.length}d` as "conv2d";
  const { stride, padding, outputPadding } = c;
  const options = {
    groups,
    ...(stride && { stride }),
    ...(padding && { padding }),
    ...(outputPadding && { outputPadding }),
  };
  const y = F[name](x, w, bias, options as object);
  const output = y.shape.slice(2);
  const seed = torch.randn([...y.shape]);
  y.backward(seed);

  const [xs, ws, gs] = [x, w, seed].map((t) => t.detach().to("float64").toTypedArray() as Float64Array);
  const ys = new Float64Array(y.numel());
  const [gx, gw] = [new Float64Array(x.numel()), new Float64Array(w.numel())];
  eachProduct(c, output, (i, j, k) => {
    ys[k]! += xs![i]! * ws![j]!;
    gx[i]! += gs![k]! * ws![j]!;
    gw[j]! += gs![k]! * xs![i]!;
  });
  const plane = output.reduce((product, value) => product * value, 1);
  const b = bias.detach().toTypedArray();
  ys.forEach((value, i) => {
    ys[i] = value + (b[Math.floor(i / plane) % to] as number);
  });
  close(y, ys);
  close(x.grad!, gx);
  close(w.grad!, gw);
  close(bias.grad!, Float64Array.from(seed.sum([0, ...output.map((_, axis) => axis + 2)]).tolist() as number[]));
});

test("a kernel of 65 per axis over a small block takes what its products take", () => {
  const layer = new torch.nn.ConvTranspose3d(2, 3, 65);
  const y = torch.noGrad(() => layer(torch.ones(2, 3, 2, 1)));
  expect(y.shape).toEqual([3, 67, 66, 65]);
  const total = layer.weight
    .sum()
    .mul(6)
    .add(layer.bias!.sum().mul(67 * 66 * 65));
  expect(y.sum().item()).toBeCloseTo(total.item(), 0);
});
