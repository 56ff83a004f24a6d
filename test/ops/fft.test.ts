/** Transforms of sizes for which they are computed in another way: by factors, and two real values at once. */
import * as torch from "kindling";
import { expect, test } from "vitest";

/** y[j] = Σₖ wₖ · X[k] · cos(2π j k / n) for half a real spectrum, at some places. */
function direct(x: torch.Tensor, n: number, places: readonly number[]): number[] {
  const half = x.tolist() as number[];
  const weight = (k: number) => (k === 0 || 2 * k === n ? 1 : 2);
  return places.map((j) =>
    half.reduce((sum, value, k) => sum + weight(k) * value * Math.cos((2 * Math.PI * ((j * k) % n)) / n), 0),
  );
}

test.each([4095, 4096, 4098, 6000])("a real transform of size %d", (n) => {
  const x = torch.randn(Math.floor(n / 2) + 1, { dtype: "float64" });
  const places = [0, 1, 2, 77, n >> 1, n - 1];
  const wanted = direct(x, n, places);
  const index = torch.tensor(places).long();
  for (const [y, scale] of [
    [torch.fft.irfft(x, n), n],
    [torch.fft.hfft(x, n), 1],
  ] as const)
    for (const [i, value] of (y.at(index).mul(scale).tolist() as number[]).entries())
      expect(value).toBeCloseTo(wanted[i]!, 8);
});

test("the gradient of a large transform is the transform back", () => {
  const n = 4100;
  const x = torch.randn(2, n / 2 + 1, { dtype: "float64", requiresGrad: true });
  const g = torch.randn(2, n, { dtype: "float64" });
  torch.fft.irfft(x, n).backward(g);
  // ∂/∂X[k] of Σⱼ g[j] y[j] is wₖ / n · Σⱼ g[j] cos(2π j k / n).
  const row = g.select(0, 1).tolist() as number[];
  for (const k of [0, 1, 700, n / 2]) {
    const sum = row.reduce((total, value, j) => total + value * Math.cos((2 * Math.PI * ((j * k) % n)) / n), 0);
    expect(x.grad!.at(1, k).item()).toBeCloseTo(((k === 0 || k === n / 2 ? 1 : 2) / n) * sum, 10);
  }
});

test("what makes a sequence not Hermitian does not count", () => {
  const n = 5000;
  const x = torch.randn(2, n / 2 + 1);
  // Over the first axis, of size 2, the transform is real already: 2 · (mean ± half the difference).
  const y = torch.fft.irfftn(x, [2, n]);
  const sums = torch.fft.irfft(torch.stack([x.sum(0), x.select(0, 0).sub(x.select(0, 1))]), n).div(2);
  expect(y.allclose(sums, { atol: 1e-5 })).toBe(true);
});
