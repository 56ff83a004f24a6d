/** Counts beyond 2^31, which kernels do not have: right, or an error that says the limit. */
import * as torch from "kindling";
import { expect, test } from "vitest";
import type { Operand } from "../../src/backend/backend";
import { inHalves } from "../../src/backend/wasm/parts";
import { allNote, runsAll } from "../helpers/cut";

const N = 2 ** 31 + 100;
const MANY = 2 ** 31;

const operand = (shape: number[], strides: number[], offset = 0): Operand => ({
  storage: { block: { bytes: 0, freed: false } },
  dtype: "uint8",
  shape,
  strides,
  offset,
});

/** The offsets of all elements, in row-major order of `shape`. */
function offsets({ shape: own, strides, offset }: Operand, shape: readonly number[]): number[] {
  let all = [offset];
  const lead = shape.length - own.length;
  shape.forEach((size, axis) => {
    const step = axis < lead || own[axis - lead] === 1 ? 0 : strides[axis - lead]!;
    all = all.flatMap((at) => Array.from({ length: size }, (_, i) => at + i * step));
  });
  return all;
}

test.each([[[7]], [[1, 1, 5]], [[2, 3, 4]], [[1, 6, 1, 3]]])("halves of shape %j have every element once", (shape) => {
  const contiguous = shape.map((_, i) => shape.slice(i + 1).reduce((n, size) => n * size, 1));
  const y = operand(shape, contiguous, 5);
  const row = operand(shape.slice(-1), [3], 11);
  const column = operand(
    shape.map((n, i) => (i === shape.length - 1 ? 1 : n)),
    shape.map((_, i) => 10 ** i),
    2,
  );
  const whole = [y, row, column];
  const seen: number[][] = [[], [], []];
  const collect = (part: Operand, rest: (Operand | number)[]): void => {
    if (part.shape.some((n) => n > 1)) {
      inHalves(part, rest, collect);
      return;
    }
    expect(rest[2]).toBe(42);
    [part, ...rest.slice(0, 2)].forEach((x, i) => void seen[i]!.push(...offsets(x as Operand, part.shape)));
  };
  collect(y, [row, column, 42]);
  expect(seen).toEqual(whole.map((x) => offsets(x, shape)));
});

test.runIf(runsAll)(
  `bytes beyond 2^31 are filled, copied, changed and found${allNote}`,
  () => {
    torch.tidy(() => {
      const ends = (x: torch.Tensor) => [0, 2 ** 30, MANY - 1, MANY, N - 1].map((i) => x.at(i).item());
      const x = torch.zeros([N], { dtype: "uint8" });
      x.setAt([N - 2], 9);
      expect(x.any().item()).toBe(1);
      expect(x.nonzero().tolist()).toEqual([[N - 2]]);
      expect(ends(x.fill_(3))).toEqual([3, 3, 3, 3, 3]);
      x.narrow(0, MANY, 50).fill_(7);
      expect(ends(x)).toEqual([3, 3, 3, 7, 3]);
      expect(x.narrow(0, MANY - 2, 4).tolist()).toEqual([3, 3, 7, 7]);
      expect(() => x.cumsum(0, { dtype: "uint8" })).toThrow(/at most 2147483647|out of memory/);
      expect(() => x.sort()).toThrow(/at most 2147483647|out of memory/);
    });
  },
  240_000,
);

test.runIf(runsAll)(
  `a broadcast operand is copied beyond 2^31${allNote}`,
  () => {
    torch.tidy(() => {
      const x = torch.arange(3, { dtype: "uint8" }).reshape(3, 1).expand(3, 715_827_900).contiguous();
      expect(x.numel()).toBeGreaterThan(MANY);
      expect([x.at(0, 5), x.at(1, 0), x.at(2, 715_827_899)].map((v) => v.item())).toEqual([0, 1, 2]);
    });
  },
  240_000,
);

test.each([
  ["sum", (x: torch.Tensor) => x.sum(), 4 * MANY],
  ["sum of integers", (x: torch.Tensor) => x.narrow(1, 0, 1).int().expand(2, MANY).sum(), 4 * MANY],
  ["mean", (x: torch.Tensor) => x.mean(), 2],
  ["var", (x: torch.Tensor) => x.var(), 1],
  ["amax", (x: torch.Tensor) => x.amax(), 3],
  ["max", (x: torch.Tensor) => x.narrow(0, 0, 1).max(1).values, 1],
  ["countNonzero", (x: torch.Tensor) => x.countNonzero(), 2 * MANY],
  ["any", (x: torch.Tensor) => x.any(), 1],
  ["norm", (x: torch.Tensor) => torch.linalg.vectorNorm(x), Math.sqrt(10 * MANY)],
  ["logsumexp", (x: torch.Tensor) => x.logsumexp([0, 1]), Math.log(MANY) + Math.log(Math.E + Math.E ** 3)],
  ["prod", (x: torch.Tensor) => x.narrow(1, 0, 3).prod(), 27],
] as const)("what repeats itself is reduced without a copy: %s", (_, reduce, expected) => {
  const x = torch.tensor([[1.0], [3.0]]).expand(2, MANY);
  expect(Number(reduce(x).item()) / expected).toBeCloseTo(1, 6);
});

test("reductions over some of the axes that repeat themselves", () => {
  const x = torch.arange(6).reshape(2, 1, 3).expand(2, 4, 3);
  const copy = x.contiguous();
  for (const dims of [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]])
    for (const keepdim of [false, true]) {
      expect(x.sum(dims, { keepdim }).tolist()).toEqual(copy.sum(dims, { keepdim }).tolist());
      expect(x.amax(dims, { keepdim }).tolist()).toEqual(copy.amax(dims, { keepdim }).tolist());
      expect(x.float().var(dims, { keepdim }).tolist()).toEqual(copy.float().var(dims, { keepdim }).tolist());
    }
  for (const dim of [0, 1, 2]) {
    expect(x.max(dim).indices.tolist()).toEqual(copy.max(dim).indices.tolist());
    expect(x.argmin(dim).tolist()).toEqual(copy.argmin(dim).tolist());
    expect(x.prod(dim).tolist()).toEqual(copy.prod(dim).tolist());
  }
  expect(x.argmax().tolist()).toEqual(copy.argmax().tolist());
});

test("products of more than 2^31 terms say the limit", () => {
  const row = torch.ones(1, 1).expand(1, MANY);
  expect(() => row.matmul(row.t())).toThrow(/^matmul: .*2147483647.*got \[1, 2147483648\]/);
  expect(() => row.view(-1).dot(row.view(-1))).toThrow(/^dot: .*2147483647/);
});

test.runIf(runsAll)(`a lane too long for 32 bits of scratch says how much memory it wants${allNote}`, () => {
  torch.tidy(() => {
    const x = torch.empty([180e6], { dtype: "float32" });
    expect(() => x.sort()).toThrow(torch.OutOfMemoryError);
  });
});

test("tensors have at most 64 axes", () => {
  const axes = (n: number) => new Array<number>(n).fill(1);
  expect(torch.ones(axes(64)).ndim).toBe(64);
  expect(() => torch.ones(axes(65))).toThrow(/^ones: a tensor has at most 64 axes, got 65/);
  const x = torch.ones(axes(64));
  for (const longer of [() => x.unsqueeze(0), () => x.reshape(axes(5000)), () => x.expand(axes(5000))])
    expect(longer).toThrow(torch.ShapeError);
  const y = torch.ones(new Array<number>(64).fill(1).with(63, 3).with(1, 2));
  expect(
    y
      .add(torch.ones(axes(64)))
      .sum()
      .item(),
  ).toBe(12);
});
