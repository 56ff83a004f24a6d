/** Sliding windows as kernels read them. */
import type { SlidingWindows } from "../../ops/windows";

/** The axes that kernels know: depth, height and width. */
const AXES = 3;

/** All lists in order: with one or two axes, the first of three have size 1 and no padding. */
export function wordsOf({ input, output, kernel, stride, padding, dilation }: SlidingWindows): number[] {
  const words: number[] = [];
  const put = (list: readonly number[], missing: number): void => {
    for (let i = list.length; i < AXES; i++) words.push(missing);
    for (const word of list) words.push(word);
  };
  for (const list of [input, output, kernel, stride]) put(list, 1);
  put(padding, 0);
  put(dilation, 1);
  return words;
}
