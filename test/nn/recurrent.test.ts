/** Recurrent networks: first and second derivatives of whole sequences, and their equality with single steps. */
import * as torch from "kindling";
import { expect, test } from "vitest";

const { nn } = torch;
const float64 = { dtype: torch.float64 } as const;

test.each([
  ["LSTM", false],
  ["LSTM", true],
  ["GRU", false],
  ["GRU", true],
] as const)("gradients of a %s (bidirectional: %s) to the second order", (kind, bidirectional) => {
  torch.manualSeed(0);
  const rnn = new nn[kind](2, 3, { bidirectional }).double();
  const x = torch.randn([4, 2, 2], { ...float64, requiresGrad: true });
  const states = kind === "LSTM" ? 2 : 1;
  const initial = Array.from({ length: states }, () =>
    torch.randn([bidirectional ? 2 : 1, 2, 3], { ...float64, requiresGrad: true }),
  );
  const run = (input: torch.Tensor, ...state: torch.Tensor[]) => {
    const [output, last] = (rnn as any)(input, kind === "LSTM" ? state : state[0]);
    return [output, ...(kind === "LSTM" ? last : [last])] as torch.Tensor[];
  };
  expect(torch.autograd.gradcheck(run, [x, ...initial])).toBe(true);
  expect(torch.autograd.gradgradcheck(run, [x, ...initial])).toBe(true);
});

test.each(["LSTM", "GRU", "RNN"] as const)("a %s over a sequence is its cell step after step", (kind) => {
  torch.manualSeed(1);
  // TypeScript has no constructor for a union of overloaded ones.
  const Network = nn[kind] as typeof nn.RNN;
  const rnn = new Network(5, 7);
  const cell = new nn[`${kind}Cell`](5, 7);
  const weights = Object.entries(rnn.stateDict()) as [string, torch.Tensor][];
  cell.loadStateDict(Object.fromEntries(weights.map(([key, value]) => [key.replace("_l0", ""), value])));
  const x = torch.randn(6, 3, 5);
  const [output] = rnn(x);
  let state: any;
  for (let t = 0; t < 6; t++) {
    state = (cell as any)(x.select(0, t), state);
    const hidden = kind === "LSTM" ? state[0] : state;
    expect(torch.allclose(output.select(0, t), hidden, { atol: 1e-6 })).toBe(true);
  }
});

test("weights of a sequence get the gradients that single steps give", () => {
  torch.manualSeed(2);
  const fused = new nn.LSTM(3, 6, { batchFirst: true });
  const stepped = nn.deepcopy(fused);
  const x = torch.randn(2, 5, 3);
  fused(x)[0].square().sum().backward();
  const packed = nn.utils.rnn.packPaddedSequence(x, [5, 5], { batchFirst: true });
  stepped(packed)[0].data.square().sum().backward();
  for (const [name, parameter] of fused.namedParameters())
    expect(torch.allclose(parameter.grad!, stepped.getParameter(name).grad!, { atol: 1e-5 })).toBe(true);
});
