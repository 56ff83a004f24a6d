/** Types that ports rely on; `tsc --noEmit`, which `npm test` runs, checks them. */

import type { Tensor } from "kindling";
import * as torch from "kindling";
import { describe, expectTypeOf, test } from "vitest";

const { nn } = torch;
const x = torch.rand(2, 3);

class Net extends nn.Module {
  fc = new nn.Linear(3, 3);
  override forward(input: Tensor, scale?: number): [y: Tensor, loss: number | null] {
    return [this.fc(input).mul(scale ?? 1), null];
  }
  twice(input: Tensor): Tensor {
    const [y, loss] = this(input);
    expectTypeOf(y).toEqualTypeOf<Tensor>();
    expectTypeOf(loss).toEqualTypeOf<number | null>();
    // @ts-expect-error: forward takes no text
    expectTypeOf(this).toBeCallableWith("text");
    return this(y, 2)[0];
  }
}

describe("tensors", () => {
  test("sizes are numbers", () => {
    const [n, c] = x.shape;
    expectTypeOf(n).toEqualTypeOf<number>();
    expectTypeOf(c).toEqualTypeOf<number>();
    expectTypeOf(x.size()[1]).toEqualTypeOf<number>();
    expectTypeOf(x.stride()[0]).toEqualTypeOf<number>();
    expectTypeOf(x.shape.at(-1)).toEqualTypeOf<number>();
    expectTypeOf(x.shape).toExtend<readonly number[]>();
    expectTypeOf(x.shape).toEqualTypeOf<torch.Size>();
  });

  test("lists of tensors have their first elements", () => {
    expectTypeOf(torch.chunk(x, 3)).toEqualTypeOf<[Tensor, Tensor, Tensor]>();
    expectTypeOf(x.chunk(2, 1)).toEqualTypeOf<[Tensor, Tensor]>();
    expectTypeOf(x.chunk(x.ndim)).toEqualTypeOf<torch.Tensors>();
    const [q, k] = x.split(2);
    expectTypeOf(q).toEqualTypeOf<Tensor>();
    expectTypeOf(k).toEqualTypeOf<Tensor>();
    expectTypeOf(x.unbind()[0]).toEqualTypeOf<Tensor>();
    expectTypeOf(x.split([1, 2], 1)).toExtend<Tensor[]>();
    const w = torch.rand(2).requiresGrad_();
    const [g] = torch.autograd.grad(w.sum(), [w]);
    expectTypeOf(g).toEqualTypeOf<Tensor>();
  });

  test("one of two functions takes a tensor", () => {
    const { functional: F } = torch.nn;
    const act = x.ndim > 1 ? F.relu : F.gelu;
    expectTypeOf(act(x)).toEqualTypeOf<Tensor>();
    expectTypeOf((x.ndim > 1 ? torch.sum : torch.mean)(x)).toEqualTypeOf<Tensor>();
  });

  test("results with names are tuples", () => {
    const [values, indices] = x.topk(2);
    expectTypeOf(values).toEqualTypeOf<Tensor>();
    expectTypeOf(indices).toEqualTypeOf<Tensor>();
    expectTypeOf(x.sort()[1]).toEqualTypeOf<Tensor>();
    expectTypeOf(x.max(1)[0]).toEqualTypeOf<Tensor>();
    expectTypeOf(x.max(1).values).toExtend<Tensor>();
    expectTypeOf(x.max(1).indices).toEqualTypeOf<Tensor>();
    expectTypeOf(x.max()).toEqualTypeOf<Tensor>();
    const { U, S, Vh } = torch.linalg.svd(x);
    expectTypeOf([U, S, Vh]).toEqualTypeOf<Tensor[]>();
  });

  test("arguments by position and by name", () => {
    expectTypeOf(torch.sum).toBeCallableWith(x, 1, true);
    expectTypeOf(torch.sum).toBeCallableWith(x, { dim: 1, keepdim: undefined });
    expectTypeOf(torch.sum).toBeCallableWith({ input: x, dim: 1 });
    // @ts-expect-error: no such name
    expectTypeOf(torch.sum).toBeCallableWith(x, { axis: 1 });
  });
});

describe("modules", () => {
  test("a call is a call of forward", () => {
    const net = new Net();
    expectTypeOf(net(x)).toEqualTypeOf<[y: Tensor, loss: number | null]>();
    expectTypeOf(net.twice(x)).toEqualTypeOf<Tensor>();
    expectTypeOf(net).toExtend<torch.nn.Module>();
    const [out, [h, c]] = new nn.LSTM(3, 4)(x);
    expectTypeOf([out, h, c]).toEqualTypeOf<Tensor[]>();
  });

  test("containers know what they hold", () => {
    const net = new nn.Sequential(new nn.Linear(3, 3), new nn.ReLU());
    expectTypeOf(net(x)).toEqualTypeOf<Tensor>();
    expectTypeOf(net[0]).toEqualTypeOf<torch.nn.Linear>();
    expectTypeOf(net).toExtend<torch.nn.Sequential>();
    expectTypeOf(new nn.Sequential(new nn.LSTM(3, 4))(x)[0]).toEqualTypeOf<Tensor>();
    const list = new nn.ModuleList([new nn.Linear(3, 3)]);
    expectTypeOf(list[0]).toEqualTypeOf<torch.nn.Linear>();
    expectTypeOf([...list]).toEqualTypeOf<torch.nn.Linear[]>();
    const dict = new nn.ModuleDict({ act: new nn.ReLU(), fc: new nn.Linear(3, 3) });
    expectTypeOf(dict.get("fc")).toEqualTypeOf<torch.nn.Linear>();
    expectTypeOf(dict.get("fc" as string)).toEqualTypeOf<torch.nn.ReLU | torch.nn.Linear | undefined>();
    expectTypeOf(dict).toExtend<torch.nn.ModuleDict>();
    expectTypeOf(new nn.ParameterList([x])[0]).toEqualTypeOf<torch.nn.Parameter>();
    for (const [name, parameter] of net.namedParameters()) {
      expectTypeOf(name).toEqualTypeOf<string>();
      expectTypeOf(parameter).toEqualTypeOf<torch.nn.Parameter>();
    }
  });
});

test("a loader gives batches of what its data set has", () => {
  const { DataLoader, TensorDataset } = torch.utils.data;
  for (const [a, b] of new DataLoader(new TensorDataset(x, x), { batchSize: undefined })) {
    expectTypeOf(a).toEqualTypeOf<Tensor>();
    expectTypeOf(b).toEqualTypeOf<Tensor>();
  }
  for (const batch of new DataLoader([{ image: x, label: 1, name: "a" }]))
    expectTypeOf(batch).toEqualTypeOf<{ image: Tensor; label: Tensor; name: string[] }>();
});

test("an exported model is bytes unless a file is given", () => {
  const { export: write } = torch.onnx;
  const net = new Net();
  // Only its types are looked at.
  const calls = () => ({
    bytes: [
      write(net, x),
      write(net, x, { opsetVersion: 17, training: 0 }),
      write(net, [x], null, true, { inputNames: ["x"] }),
      write({ model: net, args: x, verbose: false }),
      write((a: Tensor) => a.relu(), x, undefined, true, false, 0, { dynamicAxes: { input: [0] } }),
    ] as const,
    files: [
      write(net, x, "net.onnx"),
      write(net, x, new URL("file:///net.onnx"), { externalData: true }),
      write(net, x, { f: "net.onnx", exportParams: true }),
      write({ model: net, args: x, f: "net.onnx" }),
    ] as const,
    either: (f: string | undefined) => write(net, x, f),
    // @ts-expect-error: opsets are numbers
    wrong: () => write(net, x, { opsetVersion: "17" }),
  });
  type Calls = ReturnType<typeof calls>;
  expectTypeOf<Calls["bytes"][number]>().toEqualTypeOf<Promise<Uint8Array>>();
  expectTypeOf<Calls["files"][number]>().toEqualTypeOf<Promise<undefined>>();
  expectTypeOf<ReturnType<Calls["either"]>>().toEqualTypeOf<Promise<Uint8Array | undefined>>();
});
