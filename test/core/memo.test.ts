/** The memo of geometries. */
import { expect, test } from "vitest";
import { Memo } from "../../src/core/memo";

test("a list of integers is asked about once, whatever array holds it", () => {
  const memo = new Memo<string>();
  let asked = 0;
  const ask = (...key: number[]) => memo.get(key, () => `${key} (${++asked})`);
  expect(ask(1, 2, 3)).toBe("1,2,3 (1)");
  expect(ask(1, 2, 3)).toBe("1,2,3 (1)");
  expect(ask(3, 2, 1)).toBe("3,2,1 (2)");
  expect(ask(1, 2)).toBe("1,2 (3)");
  expect(ask(1, 2, 3)).toBe("1,2,3 (1)");
});

test("lists with the same hash are told apart", () => {
  const memo = new Memo<number[]>();
  // Words are hashed as 32-bit integers, so these two have one hash.
  for (const key of [[5], [5 + 2 ** 32], [5], [5 + 2 ** 32]]) expect(memo.get(key, () => key)).toEqual(key);
});

test("a question that throws is asked again", () => {
  const memo = new Memo<number>();
  const refuse = () => {
    throw new Error("no");
  };
  expect(() => memo.get([1], refuse)).toThrow("no");
  expect(memo.get([1], () => 7)).toBe(7);
});

test("no more entries are kept than asked for", () => {
  const memo = new Memo<number>(2);
  let asked = 0;
  const ask = (key: number) => memo.get([key], () => ++asked);
  for (const key of [1, 2, 2, 1, 3, 1]) ask(key);
  expect(asked, "1 and 2 were dropped for 3").toBe(4);
});
