/** Giving memory back: dispose, using, tidy, and what the graph keeps. */
import * as torch from "kindling";
import { expect, test, vi } from "vitest";
import { collect } from "../helpers/collect";

const blocks = (): number => torch.memoryStats().blocks;

test("dispose gives memory back at once, and a later use is an error that says so", () => {
  const before = blocks();
  const x = torch.ones(1000);
  expect(blocks()).toBe(before + 1);
  x.dispose();
  x.dispose();
  expect(blocks()).toBe(before);
  expect(() => x.add(1)).toThrow(torch.DisposedError);
  expect(() => x.tolist()).toThrow(/shape \[1000\] was used after its memory was given back/);
});

test("views keep the memory of their base", () => {
  const before = blocks();
  const x = torch.arange(6);
  const row = x.view(2, 3).at(1);
  x.dispose();
  expect(row.tolist()).toEqual([3, 4, 5]);
  expect(blocks()).toBe(before + 1);
});

test("the graph keeps what backward needs", () => {
  const x = torch.full([3], 2, { dtype: "float32", requiresGrad: true });
  const y = x.mul(3);
  const z = y.mul(y);
  y.dispose();
  z.sum().backward();
  expect(x.grad!.tolist()).toEqual([36, 36, 36]);
});

test("tidy disposes what its body made, but for the result", () => {
  const before = blocks();
  const { sum, parts } = torch.tidy(() => {
    const a = torch.ones(10);
    const b = a.mul(2).add(a);
    return { sum: b.sum(), parts: [b.at("0:2")] };
  });
  expect(sum.item()).toBe(30);
  expect(parts[0]!.tolist()).toEqual([3, 3]);
  expect(blocks()).toBe(before + 2);
  sum.dispose();
  parts[0]!.dispose();
  expect(blocks()).toBe(before);
});

test("results of an inner tidy belong to the outer one", () => {
  const before = blocks();
  const value = torch.tidy(() =>
    torch
      .tidy(() => torch.ones(2).add(1))
      .sum()
      .item(),
  );
  expect(value).toBe(4);
  expect(blocks()).toBe(before);
});

test("tidy disposes when its body throws", () => {
  const before = blocks();
  const body = () => {
    torch.ones(100).add(1);
    throw new RangeError("stop");
  };
  expect(() => torch.tidy(body)).toThrow(RangeError);
  expect(blocks()).toBe(before);
});

test("tidy keeps parameters, gradients and the state of optimizers, and a step leaks nothing", () => {
  const model = new torch.nn.Linear(4, 2);
  const optimizer = new torch.optim.Adam(model.parameters());
  const x = torch.ones(3, 4);
  const step = () =>
    torch.tidy(() => {
      optimizer.zeroGrad();
      model(x).pow(2).sum().backward();
      optimizer.step();
    });
  step();
  const after = blocks();
  for (let i = 0; i < 5; i++) step();
  expect(blocks()).toBe(after);
  expect(model.weight.grad!.shape).toEqual([2, 4]);
});

test("a gradient that nobody else holds is given back when it is cleared", () => {
  const w = torch.ones(4).requiresGrad_();
  const optimizer = new torch.optim.SGD([w]);
  const x = torch.ones(4);
  torch.tidy(() => w.mul(x).sum().backward());
  const before = blocks();
  optimizer.zeroGrad();
  expect(blocks()).toBe(before - 1);
});

test("a gradient that a user has assigned or seen is the user's", () => {
  const w = torch.ones(2).requiresGrad_();
  const assigned = torch.zeros(2);
  w.grad = assigned;
  torch.tidy(() => {
    w.grad = null;
  });
  expect(assigned.tolist()).toEqual([0, 0]);
  w.mul(3).sum().backward();
  const seen = w.grad!;
  torch.tidy(() => {
    w.grad = null;
  });
  expect(seen.tolist()).toEqual([3, 3]);
});

test("the collector finds what outlives its scope", async () => {
  const w = torch.ones(10).requiresGrad_();
  await collect();
  const before = blocks();
  const forget = () => {
    // A result, what its graph has saved, and the new memory of a tensor from outside.
    const x = torch.ones(1);
    torch.tidy(() => {
      x.resize_(1000);
      return w.mul(torch.ones(10)).exp();
    });
    expect(blocks()).toBe(before + 3);
  };
  forget();
  await collect();
  expect(blocks()).toBe(before);
});

test("using disposes at the end of the block", () => {
  const before = blocks();
  {
    using x = torch.ones(5);
    using y = x.add(1);
    expect(y.sum().item()).toBe(10);
    expect(blocks()).toBeGreaterThan(before);
  }
  expect(blocks()).toBeLessThanOrEqual(before + 1);
});

test("a loop that never lets the event loop turn gets its memory back, and waits for one turn alone", () => {
  const wait = vi.spyOn(globalThis, "setImmediate");
  try {
    let most = 0;
    for (let i = 0; i < 256; i++) {
      torch.zeros([1 << 20]);
      most = Math.max(most, torch.memoryStats().allocated);
    }
    // 1 GiB was made, and every 128 MiB of it asked for a look.
    expect(most).toBeLessThan(2 ** 29);
    expect(wait.mock.calls.length).toBe(1);
  } finally {
    wait.mockRestore();
  }
});

test("forgotten tensors that are large wait for no other", () => {
  const before = torch.memoryStats().allocated;
  let most = 0;
  for (let i = 0; i < 6; i++) {
    torch.empty([200 << 18]);
    most = Math.max(most, torch.memoryStats().allocated - before);
  }
  // 1200 MiB were made, of which 384 MiB may wait, and one more is there.
  expect(most).toBeLessThanOrEqual(600 * 2 ** 20);
});

test("forgotten tensors that are many wait for no more than as many", () => {
  const before = blocks();
  let most = 0;
  for (let i = 0; i < 600_000; i++) {
    torch.empty([1]);
    most = Math.max(most, blocks() - before);
  }
  expect(most).toBeLessThanOrEqual(3 << 17);
});
