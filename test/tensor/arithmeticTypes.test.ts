/** Result dtypes of two-operand ops for every pair of dtypes, against tables that PyTorch 1.13 printed. */
import * as torch from "kindling";
import { describe, expect, test } from "vitest";

/** Letters of the tables; `!` is an error, b is bool, B is uint8. */
const LETTERS = {
  f: "float32",
  d: "float64",
  l: "int64",
  i: "int32",
  s: "int16",
  c: "int8",
  B: "uint8",
  b: "bool",
  h: "float16",
  H: "bfloat16",
} as const;
type DType = (typeof LETTERS)[keyof typeof LETTERS];

const DTYPES: readonly DType[] = Object.values(LETTERS);
const letterOf = new Map(Object.entries(LETTERS).map(([letter, dtype]) => [dtype as string, letter]));

/** Rows are the first operand, columns the second, both in the order of LETTERS. */
const promoted =
  "fdffffffff dddddddddd fdllllllhH fdliiiiihH fdlisssshH fdliscschH fdlissBBhH fdliscBbhH fdhhhhhhhf fdHHHHHHfH";
const notBools =
  "fdffffffff dddddddddd fdllllllhH fdliiiiihH fdlisssshH fdliscschH fdlissBBhH fdliscB!hH fdhhhhhhhf fdHHHHHHfH";
const floating =
  "fdffffffff dddddddddd fdffffffhH fdffffffhH fdffffffhH fdffffffhH fdffffffhH fdffffffhH fdhhhhhhhf fdHHHHHHfH";
const integers =
  "!!!!!!!!!! !!!!!!!!!! !!llllll!! !!liiiii!! !!lissss!! !!liscsc!! !!lissBB!! !!liscBb!! !!!!!!!!!! !!!!!!!!!!";
const truths = Array(10).fill("bbbbbbbbbb").join(" ");

const TABLES: Readonly<Record<string, string>> = {
  add: promoted,
  mul: promoted,
  maximum: promoted,
  minimum: promoted,
  sub: "fdfffff!ff ddddddd!dd fdlllll!hH fdliiii!hH fdlisss!hH fdliscs!hH fdlissB!hH !!!!!!!!!! fdhhhhh!hf fdHHHHH!fH",
  floorDivide: notBools,
  remainder: notBools,
  fmod: notBools,
  pow: notBools,
  div: floating,
  trueDivide: floating,
  copysign: floating,
  xlogy: floating,
  bitwiseAnd: integers,
  bitwiseOr: integers,
  bitwiseXor: integers,
  gcd: integers.replace("liscBb", "liscB!"),
  lcm: integers.replace("liscBb", "liscB!"),
  bitwiseLeftShift: integers.replace("liscBb", "liscB!"),
  eq: truths,
  lt: truths,
  logicalAnd: truths,
};

function letter(op: string, a: DType, b: DType): string {
  const [x, y] = [torch.ones([2], { dtype: a }), torch.ones([2], { dtype: b })];
  try {
    return letterOf.get(x[op as "add"](y).dtype)!;
  } catch (error) {
    expect(error).toBeInstanceOf(torch.DTypeError);
    return "!";
  }
}

describe.each(Object.entries(TABLES))("%s", (op, table) => {
  test("of every pair", () => {
    const rows = DTYPES.map((a) => DTYPES.map((b) => letter(op, a, b)).join(""));
    expect(rows.join(" ")).toBe(table);
  });
});

test("canCast of every pair: nothing loses its kind", () => {
  const kinds = { b: 0, l: 1, i: 1, s: 1, c: 1, B: 1, f: 2, d: 2, h: 2, H: 2 };
  const rows = Object.entries(kinds).flatMap(([a, from]) => Object.entries(kinds).map(([b, to]) => [a, b, from <= to]));
  for (const [a, b, fits] of rows as [keyof typeof LETTERS, keyof typeof LETTERS, boolean][])
    expect(torch.canCast(LETTERS[a], LETTERS[b]), `${a} → ${b}`).toBe(fits);
});
