/** Random numbers of transforms: the draws that torchvision makes, in its order, from the default generator. */
import { defaultGenerator } from "../../core/generator";
import { randperm } from "../../core/random/index";

/** `torch.rand(1).item()`: a float32 in [0, 1). */
export const drawRand = (): number => (defaultGenerator.random() & 0xffffff) / 2 ** 24;

/** `torch.empty(1).uniform_(low, high).item()`: multiplication and addition are fused, so the result is rounded to float32 once. */
export const drawUniform = (low: number, high: number): number => {
  const [from, to] = [Math.fround(low), Math.fround(high)];
  return Math.fround(drawRand() * Math.fround(to - from) + from);
};

/** `torch.randint(low, high, (1,)).item()`. */
export const drawInt = (low: number, high: number): number => low + (defaultGenerator.random() % (high - low));

/** `torch.randperm(n).tolist()`. */
export const drawPerm = (n: number): number[] => [...randperm(n)];
