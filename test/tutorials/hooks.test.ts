/** The tutorials on hooks: of tensors, and of modules that collect feature maps and gradients. */
import * as torch from "kindling";
import { expect, test } from "vitest";

const { nn } = torch;

test("a hook on every intermediate of (a + b)·d", () => {
  const seen: string[] = [];
  const show = (name: string) => (grad: torch.Tensor) => void seen.push(`${name} ${grad}`);
  const a = torch.tensor(2, { requiresGrad: true });
  const b = torch.tensor(3, { requiresGrad: true });
  const c = a.add(b);
  c.registerHook((grad) => grad.add(2));
  c.registerHook(show("c"));
  c.retainGrad();
  const d = torch.tensor(4, { requiresGrad: true });
  d.registerHook((grad) => grad.add(100));
  const e = c.mul(d);
  e.registerHook((grad) => grad.mul(2));
  e.retainGrad();
  e.registerHook(show("e"));

  e.backward();
  expect(seen).toEqual(["e tensor(2.)", "c tensor(10.)"]);
  expect([e, d, c, b, a].map((x) => x.grad!.item())).toEqual([2, 110, 10, 10, 10]);
});

test("a tensor hook that is removed is not called again", () => {
  const w = torch.tensor([1], { requiresGrad: true });
  const a = w.add(2);
  const grads: unknown[] = [];
  const handle = a.registerHook((grad) => void grads.push(grad.tolist()));
  const y = a.mul(w.add(1));
  y.backward(undefined, { retainGraph: true });
  handle.remove();
  y.backward();
  expect(grads).toEqual([[2]]);
});

class Net extends nn.Module {
  conv1 = new nn.Conv2d(1, 2, 3);
  pool1 = new nn.MaxPool2d(2, { stride: 2 });

  constructor() {
    super();
    torch.noGrad(() => {
      this.conv1.weight.select(0, 0).fill_(1);
      this.conv1.weight.select(0, 1).fill_(2);
      this.conv1.bias!.zero_();
    });
  }

  override forward(x: torch.Tensor): torch.Tensor {
    return this.pool1(this.conv1(x));
  }
}

test("a forward hook collects feature maps, a backward hook gradients", () => {
  const net = new Net();
  const inputs: torch.Tensor[] = [];
  const maps: torch.Tensor[] = [];
  const gradients: unknown[] = [];
  net.conv1.registerForwardHook((_module, args, output) => {
    inputs.push(args[0]);
    maps.push(output);
  });
  net.conv1.registerFullBackwardHook((_module, gradInput, gradOutput) => {
    gradients.push(gradInput[0]!.tolist(), gradOutput[0]!.tolist());
    return undefined;
  });
  const image = torch.ones(1, 1, 4, 4).requiresGrad_();
  const output = net(image);

  expect(output.tolist()).toEqual([[[[9]], [[18]]]]);
  expect(maps.map((map) => map.shape)).toEqual([[1, 2, 2, 2]]);
  expect(maps[0]!.tolist()).toEqual([
    [
      [
        [9, 9],
        [9, 9],
      ],
      [
        [18, 18],
        [18, 18],
      ],
    ],
  ]);
  expect(inputs.map((input) => input.shape)).toEqual([[1, 1, 4, 4]]);

  output.sum().backward();
  // Of equal values the maximum is the first, so each pooling window sends its gradient to its first element.
  const [gradInput, gradOutput] = gradients;
  const first = [
    [1, 0],
    [0, 0],
  ];
  expect(gradOutput).toEqual([[first, first]]);
  const rows = [3, 3, 3, 0];
  expect(gradInput).toEqual([[[rows, rows, rows, [0, 0, 0, 0]]]]);
});

test("hooks of every layer see the shapes of the feature maps, outermost last on the way back", () => {
  const net = new nn.Sequential(
    new nn.Conv2d(3, 6, 5),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(1176, 10),
  );
  const shapes = new Map<string, readonly number[]>();
  const order: string[] = [];
  for (const [name, layer] of net.namedChildren()) {
    layer.registerForwardHook((_module, _args, output) => void shapes.set(name, output.shape));
    layer.registerBackwardHook((_module, _gradInput, gradOutput) => {
      order.push(`${name} ${gradOutput[0]!.shape}`);
      return undefined;
    });
  }
  net(torch.rand(2, 3, 32, 32))
    .sum()
    .backward();
  expect([...shapes.values()]).toEqual([
    [2, 6, 28, 28],
    [2, 6, 28, 28],
    [2, 6, 14, 14],
    [2, 1176],
    [2, 10],
  ]);
  expect(order).toEqual(["4 2,10", "3 2,1176", "2 2,6,14,14", "1 2,6,28,28", "0 2,6,28,28"]);
});
