/** Values, dtypes and gradients of vision.ops are torchvision's. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";
import { type Case, camelCase, difference, draw, expected, numbersOf } from "./expected";

const ops = torch.vision.ops as unknown as Readonly<Record<string, (given: object) => torch.Tensor>>;

interface Result {
  readonly out: torch.Tensor;
  /** What gradients are asked of. */
  readonly wanted: readonly torch.Tensor[];
}

function call(example: Case): Result {
  torch.manualSeed(example.seed);
  const tensors = Object.fromEntries(Object.entries(example.inputs).map(([name, recipe]) => [name, draw(recipe)]));
  for (const name of example.differentiable) tensors[name]!.requiresGrad_();
  const given = Object.entries(tensors).map(([name, x]) => {
    const sizes = example.lists[name];
    return [camelCase(name), sizes === undefined ? x : x.split(sizes)] as const;
  });
  const options = Object.entries(example.options).map(([name, value]) => [camelCase(name), value] as const);
  const out = ops[camelCase(example.name)]!({ ...Object.fromEntries(given), ...Object.fromEntries(options) });
  return { out, wanted: example.differentiable.map((name) => tensors[name]!) };
}

/** First gradients, and those of the sum of their squares, as far as torchvision has them. */
function gradients(example: Case, { out, wanted }: Result): void {
  if (example.first === null) return;
  torch.manualSeed(example.seed + 1);
  const loss = out.mul(torch.rand([...out.shape]).to(out.dtype)).sum();
  const first = torch.autograd.grad(loss, wanted, { createGraph: true, allowUnused: true });
  example.first.forEach((w, i) => {
    const actual = first[i];
    if (w !== null)
      expect(difference(numbersOf(actual!), w), `gradient of ${example.differentiable[i]}`).toBeLessThan(2e-5);
    else if (actual) expect(actual.abs().sum().item()).toBe(0);
  });
  if (example.second === null) return;
  const squares = first.filter((g) => g !== null).map((g) => g.mul(g).sum());
  const total = squares.reduce((a, b) => a.add(b));
  const second = torch.autograd.grad(total, wanted, { allowUnused: true });
  example.second.forEach((w, i) => {
    const actual = second[i];
    if (w !== null && actual)
      expect(difference(numbersOf(actual), w), `second gradient of ${example.differentiable[i]}`).toBeLessThan(1e-4);
    else if (w !== null) expect(w.every((v) => v === 0)).toBe(true);
  });
}

const names = [...new Set(expected.cases.map(({ name }) => name))];

describe.each(names)("%s", (name) => {
  const cases = expected.cases.filter((each) => each.name === name);
  test.each(cases.map((each) => [JSON.stringify(each.inputs), JSON.stringify(each.options), each] as const))(
    "%s %s",
    (_inputs, _options, example) => {
      const result = call(example);
      expect([...result.out.shape]).toEqual(example.shape);
      expect(result.out.dtype).toBe(example.dtype);
      const tolerance = example.dtype === "float16" ? 2e-3 : 5e-6;
      expect(difference(numbersOf(result.out), example.out)).toBeLessThan(tolerance);
      gradients(example, result);
    },
  );
});
