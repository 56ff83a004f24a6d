/** Modules print as in PyTorch. */
import { inspect } from "node:util";
import * as torch from "kindling";
import { expect, test } from "vitest";

const { nn } = torch;

const samples: readonly (readonly [torch.nn.Module, string])[] = [
  [new nn.Linear(3, 2, { bias: false }), "Linear(in_features=3, out_features=2, bias=False)"],
  [new nn.Bilinear(2, 3, 4), "Bilinear(in1_features=2, in2_features=3, out_features=4, bias=True)"],
  [new nn.Conv1d(1, 2, 3, { padding: "same" }), "Conv1d(1, 2, kernel_size=(3,), stride=(1,), padding=same)"],
  [
    new nn.Conv2d(4, 8, [3, 5], {
      stride: 2,
      padding: [1, 2],
      dilation: 2,
      groups: 2,
      bias: false,
      paddingMode: "reflect",
    }),
    "Conv2d(4, 8, kernel_size=(3, 5), stride=(2, 2), padding=(1, 2), dilation=(2, 2), groups=2, bias=False, padding_mode=reflect)",
  ],
  [
    new nn.ConvTranspose2d(1, 2, 3, { stride: 2, outputPadding: 1 }),
    "ConvTranspose2d(1, 2, kernel_size=(3, 3), stride=(2, 2), output_padding=(1, 1))",
  ],
  [
    new nn.MaxPool2d(3, 2, { padding: 1 }),
    "MaxPool2d(kernel_size=3, stride=2, padding=1, dilation=1, ceil_mode=False)",
  ],
  [new nn.AvgPool1d(2), "AvgPool1d(kernel_size=(2,), stride=(2,), padding=(0,))"],
  [new nn.AvgPool2d([3, 2]), "AvgPool2d(kernel_size=(3, 2), stride=(3, 2), padding=0)"],
  [new nn.AdaptiveAvgPool2d([7, null]), "AdaptiveAvgPool2d(output_size=(7, None))"],
  [
    new nn.BatchNorm2d(6, { momentum: null }),
    "BatchNorm2d(6, eps=1e-05, momentum=None, affine=True, track_running_stats=True)",
  ],
  [new nn.InstanceNorm1d(3), "InstanceNorm1d(3, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False)"],
  [new nn.LayerNorm([3, 4]), "LayerNorm((3, 4), eps=1e-05, elementwise_affine=True)"],
  [new nn.GroupNorm(2, 4), "GroupNorm(2, 4, eps=1e-05, affine=True)"],
  [new nn.LocalResponseNorm(2), "LocalResponseNorm(2, alpha=0.0001, beta=0.75, k=1.0)"],
  [new nn.Dropout({ p: 0.2, inplace: true }), "Dropout(p=0.2, inplace=True)"],
  [new nn.ReLU(true), "ReLU(inplace=True)"],
  [new nn.LeakyReLU(0.2), "LeakyReLU(negative_slope=0.2)"],
  [new nn.ELU(), "ELU(alpha=1.0)"],
  [new nn.Hardtanh(-2, 2), "Hardtanh(min_val=-2.0, max_val=2.0)"],
  [new nn.Softplus(), "Softplus(beta=1, threshold=20)"],
  [new nn.GELU(), "GELU(approximate='none')"],
  [new nn.PReLU(3), "PReLU(num_parameters=3)"],
  [new nn.Softmax({ dim: 1 }), "Softmax(dim=1)"],
  [new nn.Flatten(), "Flatten(start_dim=1, end_dim=-1)"],
  [new nn.Unflatten(1, [2, 3]), "Unflatten(dim=1, unflattened_size=(2, 3))"],
  [new nn.Embedding(10, 3, { paddingIdx: -1 }), "Embedding(10, 3, padding_idx=9)"],
  [new nn.ConstantPad2d(1, 3.5), "ConstantPad2d(padding=(1, 1, 1, 1), value=3.5)"],
  [new nn.ZeroPad2d([1, 0, 2, 3]), "ZeroPad2d((1, 0, 2, 3))"],
  [new nn.CrossEntropyLoss(), "CrossEntropyLoss()"],
  [new nn.ModuleList([new nn.Tanh()]), "ModuleList(\n  (0): Tanh()\n)"],
  [
    new nn.ParameterList([torch.ones(2, 3), torch.ones(1)]),
    "ParameterList(\n    (0): Parameter containing: [torch.float32 of size 2x3]\n    (1): Parameter containing: [torch.float32 of size 1]\n)",
  ],
];

test.each(samples)("%s", (module, expected) => {
  expect(String(module)).toBe(expected);
});

test("nested modules are indented, and console.log shows the same", () => {
  class Net extends nn.Module {
    features = new nn.Sequential(new nn.Conv2d(3, 6, 5), new nn.ReLU());
    head = new nn.Linear(6, 2);
  }
  const expected = [
    "Net(",
    "  (features): Sequential(",
    "    (0): Conv2d(3, 6, kernel_size=(5, 5), stride=(1, 1))",
    "    (1): ReLU()",
    "  )",
    "  (head): Linear(in_features=6, out_features=2, bias=True)",
    ")",
  ].join("\n");
  expect(String(new Net())).toBe(expected);
  expect(inspect(new Net())).toBe(expected);
});

test("a parameter says what it is", () => {
  expect(String(new nn.Parameter(torch.ones(2)))).toBe("Parameter containing:\ntensor([1., 1.], requiresGrad=True)");
});
