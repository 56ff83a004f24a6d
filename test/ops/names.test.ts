/** Names of PyTorch that are made of other ops: copies of views, old norms, buffers, and changes of a tensor as a whole. Values are PyTorch 1.13's. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { expectClose } from "../helpers/close";

const m = torch.arange(6).float().reshape(2, 3);

describe("copies of views", () => {
  test("have the values of the view and memory of their own", () => {
    const copies: [torch.Tensor, torch.Tensor][] = [
      [torch.aliasCopy(m), m],
      [torch.asStridedCopy(m, [2, 2], [1, 2], 1), m.asStrided([2, 2], [1, 2], { storageOffset: 1 })],
      [torch.detachCopy(m), m],
      [torch.diagonalCopy(m, 1), m.diagonal({ offset: 1 })],
      [torch.expandCopy(m.at(0), [2, 3], { implicit: true }), m.at(0).expand(2, 3)],
      [torch.permuteCopy(m, [1, 0]), m.permute(1, 0)],
      [torch.selectCopy(m, { dim: 1, index: -1 }), m.select(1, -1)],
      [torch.sliceCopy(m, 1, 1, null, 1), m.at("...", "1:")],
      [torch.squeezeCopy(m.unsqueeze(0)), m],
      [torch.tCopy(m), m.t()],
      [torch.transposeCopy(m, 0, 1), m.t()],
      [torch.unfoldCopy(m, 1, 2, 1), m.unfold(1, 2, 1)],
      [torch.unsqueezeCopy(m, 0), m.unsqueeze(0)],
      [torch.viewCopy(m, [3, -1]), m.view(3, 2)],
    ];
    for (const [copy, view] of copies) {
      expect(copy.tolist()).toEqual(view.tolist());
      expect(copy.isContiguous()).toBe(true);
      expect(copy._base === null).toBe(true);
    }
    const parts = [torch.splitCopy(m, 1), torch.splitWithSizesCopy(m, [1, 1]), torch.unbindCopy(m.unsqueeze(1))];
    for (const list of parts) expect(list.map((x) => x.tolist())).toEqual([[[0, 1, 2]], [[3, 4, 5]]]);
  });

  test("let gradients through, and name themselves in errors", () => {
    const x = torch.ones([2, 3], { requiresGrad: true });
    torch.permuteCopy(x, [1, 0]).mul(m.t()).sum().backward();
    expect(x.grad!.tolist()).toEqual(m.tolist());
    expect(() => torch.permuteCopy(m, [0, 5])).toThrow(/^permuteCopy: .*Dimension out of range/);
    expect(() => torch.viewCopy(m, [4])).toThrow("viewCopy: ");
    expect(() => (torch.transposeCopy as any)(m, 0)).toThrow("transposeCopy: missing argument dim1");
  });
});

test("old names of norms", () => {
  expectClose([torch.nuclearNorm(m).item(), torch.frobeniusNorm(m).item()], [8.34847, 7.4162]);
  expectClose(torch.nuclearNorm(m, true), [[8.34847]]);
  expectClose(torch.nuclearNorm(m, { dim: [0, 1], keepdim: true }), [[8.34847]]);
  expectClose(torch.frobeniusNorm(m, 1), [2.23607, 7.07107]);
  expect(torch.frobeniusNorm(m, null as never).item()).toBe(torch.frobeniusNorm(m).item());
  expectClose(torch.frobeniusNorm(m, [0, 1], true), [[7.4162]]);
  expectClose(torch.normExceptDim(m), [[2.23607], [7.07107]]);
  expectClose(torch.normExceptDim(m, 2, 1), [[3, 4.12311, 5.38516]]);
  expectClose(torch.normExceptDim(m, { dim: -1 }), 7.4162);
  expect(() => torch.frobeniusNorm(torch.ones(1, 1, 1), [0, 1, 2])).toThrow("Expected at most 2 dimensions, but got 3");
  expect(() => torch.nuclearNorm(torch.ones(3))).toThrow("nuclearNorm: Expected a tensor with 2 dimensions");
});

describe("tensors from elsewhere", () => {
  test("asarray shares the memory of a tensor where it can", () => {
    const x = torch.ones([2], { requiresGrad: true });
    expect([torch.asarray(m) === m, torch.asarray(m, { copy: true }) === m]).toEqual([true, false]);
    expect(torch.asarray(x).requiresGrad).toBe(false);
    expect(torch.asarray([1, 2], { requiresGrad: true, dtype: torch.float64 }).dtype).toBe("float64");
    expect(torch.asarray(m, { copy: true }).equal(m)).toBe(true);
    expect(torch.asarray(3).shape).toEqual([]);
    expect(() => torch.asarray([1], { copy: false })).toThrow("asarray: can't alias arbitrary sequence");
    expect(() => torch.asarray(m, { copy: false, dtype: torch.float64 })).toThrow(
      "can't alias tensor with dtype 'float32'",
    );
  });

  test("frombuffer reads bytes", () => {
    const bytes = new Uint8Array([0, 0, 128, 63, 0, 0, 0, 64]);
    expect(torch.frombuffer(bytes, { dtype: torch.float32 }).tolist()).toEqual([1, 2]);
    expect(torch.frombuffer(bytes.buffer, { dtype: torch.float32, offset: 4 }).tolist()).toEqual([2]);
    expect(torch.frombuffer(bytes.subarray(3), { dtype: torch.uint8, count: 2 }).tolist()).toEqual([63, 0]);
    expect(torch.frombuffer(bytes, { dtype: torch.bfloat16 }).tolist()).toEqual([0, 1, 0, 2]);
    expect(torch.frombuffer(bytes, { dtype: torch.float32, requiresGrad: true }).requiresGrad).toBe(true);
    const read = (options: object) => () => torch.frombuffer(bytes, { dtype: torch.int32, ...options });
    expect(read({ count: 3 })).toThrow("requested buffer length (3 * 4 bytes) after offset (0 bytes)");
    expect(read({ offset: 8 })).toThrow("offset (8 bytes) must be non-negative and no greater than");
    expect(read({ offset: 3 })).toThrow(
      "buffer length (5 bytes) after offset (3 bytes) must be a multiple of element size",
    );
    expect(read({ count: 0 })).toThrow("both buffer length (8) and count (0) must not be 0");
    expect(() => torch.frombuffer([1] as never, { dtype: torch.int32 })).toThrow(
      "must be an ArrayBuffer or a view of one",
    );
    expect(() => (torch.frombuffer as any)(bytes)).toThrow("frombuffer: missing argument dtype");
  });

  test("emptyStrided makes room for its strides", () => {
    const x = torch.emptyStrided([2, 3], [1, 2], { dtype: torch.int64 });
    expect([x.shape, x.stride(), x.dtype]).toEqual([[2, 3], [1, 2], "int64"]);
    expect(x.fill_(7).tolist()).toEqual([
      [7, 7, 7],
      [7, 7, 7],
    ]);
    expect(x._base === null).toBe(true);
    expect(m.newEmptyStrided([2, 2], [3, 1]).stride()).toEqual([3, 1]);
    expect(torch.emptyStrided([0, 2], [5, 5]).numel()).toBe(0);
    expect(() => torch.emptyStrided([2, 3], [1, -2])).toThrow("emptyStrided: stride[1] must be an integer from 0");
    expect(() => torch.emptyStrided([2, 3], [1])).toThrow(
      "dimensionality of sizes (2) must match dimensionality of strides (1)",
    );
  });

  test("range has its end", () => {
    expect(torch.range(1, 4, 0.5).tolist()).toEqual([1, 1.5, 2, 2.5, 3, 3.5, 4]);
    expect(torch.range(3, 1, -1).tolist()).toEqual([3, 2, 1]);
    expect([torch.range(1, 3).dtype, torch.range(1, 3, { dtype: torch.int64 }).dtype]).toEqual(["float32", "int64"]);
    expectClose(torch.range(0, 1, 0.3), [0, 0.3, 0.6, 0.9]);
    expect(() => torch.range(1, 3, 0)).toThrow("range: step must be nonzero");
    expect(() => torch.range(3, 1)).toThrow("range: upper bound and lower bound inconsistent with step sign");
    expect(() => torch.range(0, Number.NaN)).toThrow("range: unsupported range: 0 -> NaN");
  });
});

describe("what a tensor is", () => {
  test("facts", () => {
    const bytes = torch.ones([1], { dtype: torch.uint8 });
    expect([m.isComplex(), torch.isConj(m), m.isNeg(), torch.isSigned(m), bytes.isSigned()]).toEqual([
      false,
      false,
      false,
      true,
      false,
    ]);
    expect([m.getDevice(), m.ndimension(), m.nelement(), torch.isInference(m)]).toEqual([-1, 2, 6, false]);
    expect(torch.inferenceMode(() => torch.isInference(torch.ones(1)))).toBe(true);
    expect([m.isSetTo(m.at("0:")), m.isSetTo(m.clone()), m.isSetTo(m.t())]).toEqual([true, false, false]);
    expect(() => (torch.isComplex as any)(1)).toThrow("isComplex: input must be a Tensor, got 1");
  });

  test("functions of each element", () => {
    expect(
      torch
        .ones(2)
        .apply_((v) => v + 1)
        .tolist(),
    ).toEqual([2, 2]);
    expect(
      torch
        .ones([2], { dtype: torch.int64 })
        .apply_((v) => v + 0.5)
        .tolist(),
    ).toEqual([1, 1]);
    const x = torch.arange(6).float().reshape(2, 3);
    expect(x.map_(torch.ones(3), (a, b) => a + b) === x).toBe(true);
    expect(x.map2_(torch.ones(3), m, (a, b, c) => a * b - c).tolist()).toEqual([
      [1, 1, 1],
      [1, 1, 1],
    ]);
    const view = torch.zeros(2, 2);
    view
      .t()
      .select(0, 1)
      .apply_(() => 5);
    expect(view.tolist()).toEqual([
      [0, 5],
      [0, 5],
    ]);
    expect(() => torch.ones([1], { requiresGrad: true }).apply_((v) => v)).toThrow(
      "apply_: can't be called on a tensor that requires grad",
    );
    expect(() => torch.ones(2).map_(torch.ones(3), (a) => a)).toThrow("map_: cannot broadcast");
    expect(() => torch.ones(2).map_(torch.ones(2).long(), (a) => a)).toThrow(
      "map_: expected torch.FloatTensor for tensor",
    );
    expect(() => torch.ones(2).apply_((() => "a") as never)).toThrow(
      'apply_: the result of the function must be a number, got "a"',
    );
    expect(() => torch.ones(2).apply_(2 as never)).toThrow("apply_: callable must be a function, got 2");
  });

  test("detach_ leaves the graph", () => {
    const x = torch.ones([2], { requiresGrad: true });
    const y = x.mul(2);
    expect(y.detach_() === y).toBe(true);
    expect([y.requiresGrad, y.isLeaf, torch.detach_(x).requiresGrad]).toEqual([false, true, false]);
    expect(() => m.at(0).detach_()).toThrow("detach_: Can't detach views in-place. Use detach() instead.");
  });

  test("set_ shows other memory", () => {
    const [a, b] = [torch.ones(2), torch.arange(3).float()];
    a.set_(b);
    b.setAt([0], 7);
    expect(a.tolist()).toEqual([7, 1, 2]);
    expect(torch.ones(2).set_(b, 1, [2], [1]).tolist()).toEqual([1, 2]);
    expect(torch.ones(2).set_().shape).toEqual([0]);
    expect(() => torch.ones(2).set_(b, 2, [2], [1])).toThrow("set_: size [2], strides [1] and offset 2 reach outside");
    expect(() => torch.ones(2).set_(b.long())).toThrow("set_: expected torch.FloatTensor for source");
    expect(() => torch.ones([2], { requiresGrad: true }).set_(b)).toThrow("set_: ");
  });

  test("new and resize, as first programs wrote them", () => {
    const long = torch.ones([1], { dtype: torch.int64 });
    expect([m.new().shape, m.new(2, 1).shape, long.new([1.5, 2]).tolist()]).toEqual([[0], [2, 1], [1, 2]]);
    expect(m.new(m).isSetTo(m)).toBe(true);
    expect(m.resize(3, 2).tolist()).toEqual(m.reshape(3, 2).tolist());
    expect(m.t().resizeAs(m).tolist()).toEqual(m.t().reshape(2, 3).tolist());
    expect(() => m.resize(7)).toThrow("resize: requested [7], but the tensor has shape [2, 3]; use resize_");
    expect(m.unsafeChunk(2).map((x) => x.tolist())).toEqual([[[0, 1, 2]], [[3, 4, 5]]]);
    expect(torch.unsafeSplit(m, 2, 1).map((x) => x.shape)).toEqual([
      [2, 2],
      [2, 1],
    ]);
    expect(m.unsafeSplitWithSizes([1, 2], { dim: 1 }).map((x) => x.shape)).toEqual([
      [2, 1],
      [2, 2],
    ]);
  });
});

test("what is not here says what to use", () => {
  expect(() => torch.complex(m, m)).toThrow(
    "complex: complex tensors are not there yet; keep real and imaginary parts in",
  );
  expect(() => torch.viewAsReal(m)).toThrow(torch.DTypeError);
  expect(() => torch.fft.rfft(m)).toThrow("rfft: complex tensors are not there yet");
  expect(() => torch.linalg.eig(m)).toThrow("eig: complex tensors are not there yet; linalg.eigh");
  expect(() => torch.solve(m, m)).toThrow(
    "solve: This function was deprecated since version 1.9 and is now removed. Please use torch.linalg.solve",
  );
});
