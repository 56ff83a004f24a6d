/**
 * Every op of the table has an ONNX form, its own or that of its parts, or stands in a list with the reason why not. ONNX Runtime computes what we do with a
 * sample of each, in the lowest and the highest opset that it is written in.
 */

import * as torch from "kindling";
import { beforeAll, describe, expect, test } from "vitest";
import { cut, cutNote, runsAll } from "../helpers/cut";
import { helpers, random } from "../ops/exempt";
import { table } from "../ops/table";
import { callsOf, gap } from "./forms";
import { bytesOf, difference } from "./runtime";
import { undefinedThere, unwritten } from "./unwritten";

/** `add_` has the form of `add`. */
const base = (name: string): string => (name.endsWith("_") && table.has(name.slice(0, -1)) ? name.slice(0, -1) : name);
const isListed = (name: string): boolean => base(name) in unwritten || name in unwritten;
const written = [...table.keys()].filter((name) => callsOf(name).length > 0 && !isListed(name));
const OPSETS = [20, 13] as const;

/** Opsets that an op's form asks for, as its refusal of a lower one says. */
const needs = /needs opset (\d+) or above/;

async function lowest(name: string, sample: readonly unknown[]): Promise<number> {
  try {
    return await gap(name, sample, OPSETS[1]);
  } catch (error) {
    const [, opset] = needs.exec((error as Error).message) ?? [];
    if (opset === undefined) throw error;
    return gap(name, sample, Number(opset));
  }
}

describe("the table", () => {
  test("has samples of every op, which the sweep of all ops demands too", () => {
    const without = [...table.keys()].filter((name) => callsOf(name).length === 0);
    expect(
      without.filter(
        (name) =>
          !(name in helpers) &&
          !random.has(name.split(".").at(-1)!.replace(/_$/, "")) &&
          !random.has(name.split(".").at(-1)!),
      ),
    ).toEqual([]);
  });

  test("has every op of the list of those without a form", () => {
    expect(Object.keys({ ...unwritten, ...undefinedThere }).filter((name) => !table.has(name))).toEqual([]);
  });

  test.each(Object.keys(unwritten))("%s is refused by an error that names an op", async (name) => {
    const errors: unknown[] = [];
    for (const sample of callsOf(name)) await gap(name, sample, OPSETS[0]).catch((error) => errors.push(error));
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) {
      expect(error).toBeInstanceOf(torch.KindlingError);
      expect((error as Error).message).toMatch(
        name in undefinedThere ? /./ : /^onnx\.export: (the model must give a Tensor|[\w.]+ )/,
      );
    }
  });
});

/** Samples of an op that are written. */
const MOST = runsAll ? 3 : 1;

describe(`written, ONNX Runtime computes the same${cutNote}`, () => {
  beforeAll(() => torch.manualSeed(0));
  test.each(cut(written, 2))("%s", async (name) => {
    for (const sample of callsOf(name).slice(0, name in undefinedThere ? 0 : MOST)) {
      expect(await gap(name, sample, OPSETS[0])).toBeLessThan(1e-4);
      if (runsAll) expect(await lowest(name, sample)).toBeLessThan(1e-4);
    }
  });
});

describe("what the sweep does not reach", () => {
  const F = torch.nn.functional;
  const gapOf = async (f: (...xs: any[]) => unknown, args: torch.Tensor[]) => {
    const gap = await difference(await bytesOf(f, args), f, args);
    return gap < 1e-4 ? 0 : gap;
  };
  const agree = async (f: (...xs: any[]) => unknown, args: torch.Tensor[], dynamicAxes?: object) =>
    expect(await difference(await bytesOf(f, args, { dynamicAxes } as never), f, args)).toBeLessThan(1e-4);

  test("losses with weights, ignored classes and smoothing", async () => {
    const scores = torch.randn(4, 3, 2);
    const target = torch.tensor(
      [
        [0, 1],
        [2, -100],
        [1, 1],
        [0, 2],
      ],
      { dtype: "int64" },
    );
    const weight = torch.tensor([0.2, 1, 3]);
    for (const reduction of ["mean", "sum", "none"] as const)
      for (const labelSmoothing of [0, 0.3])
        for (const w of [null, weight])
          await agree((x, y) => F.crossEntropy(x, y, { weight: w, reduction, labelSmoothing }), [scores, target]);
    await agree(
      (x, y) => F.nllLoss(x, y, { ignoreIndex: 1, weight }),
      [torch.randn(4, 3), torch.tensor([0, 1, 2, 2], { dtype: "int64" })],
    );
    await agree(
      (x, y) => F.crossEntropy(x, y, { reduction: "none" }),
      [torch.randn(3), torch.tensor(2, { dtype: "int64" })],
    );
  });

  test("signs and infinities", async () => {
    const x = torch.tensor([-Infinity, -2, -0, 0, 1, Infinity, Number.NaN]);
    const y = torch.tensor([1, -1, -0, 0, -0, -3, 2]);
    const two = ["copysign", "atan2", "xlogy", "heaviside", "logaddexp", "hypot"] as const;
    const one = ["signbit", "nanToNum", "sgn", "isposinf", "isneginf", "frac"] as const;
    for (const name of two)
      for (const given of [
        [x, y],
        [y, x],
      ])
        expect([name, await gapOf((a, b) => a[name](b), given)]).toEqual([name, 0]);
    for (const name of one) expect([name, await gapOf((a) => a[name](), [x])]).toEqual([name, 0]);
  });

  test("running extrema give the last of equal ones", async () => {
    const x = torch.tensor([
      [1, 3, 3, 2, 3],
      [0, 0, -1, 0, 5],
    ]);
    await agree((a) => [a.cummax(1), a.cummin(1), a.cummax(0)], [x], { input: { 0: "rows", 1: "columns" } });
    await agree((a) => [a.to("int64").cummax(-1), a.gt(0).cummax(1), a.to("int64").cumprod(1)], [x]);
  });

  test("reductions into a tensor by means and without its own values", async () => {
    const x = torch.tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const at = torch.tensor(
      [
        [0, 0, 2],
        [2, 0, 0],
      ],
      { dtype: "int64" },
    );
    for (const reduce of ["sum", "prod", "mean", "amax", "amin"] as const)
      for (const includeSelf of [true, false]) {
        const f = (a: torch.Tensor, i: torch.Tensor) => a.scatterReduce(1, i, a.mul(1.5), reduce, { includeSelf });
        expect(await difference(await bytesOf(f, [x, at], { opsetVersion: 18 }), f, [x, at])).toBeLessThan(1e-4);
      }
    const whole = (a: torch.Tensor, i: torch.Tensor) =>
      a.to("int64").neg().scatterReduce(1, i, a.to("int64").mul(2), "mean");
    expect(await difference(await bytesOf(whole, [x, at], { opsetVersion: 18 }), whole, [x, at])).toBe(0);
  });

  test("a tensor that turns into another view of its memory", async () => {
    const f = (x: torch.Tensor) => {
      const y = x.clone();
      y.t_();
      y.add_(1);
      y.unsqueeze_(0);
      return [y, y.mul(2), y.at(0, 1)];
    };
    await agree(f, [torch.randn(2, 3)]);
  });

  test("masked reductions look at their masks", async () => {
    const mask = torch.tensor([
      [true, false, true],
      [false, true, true],
    ]);
    await agree(
      (x, m) => [torch.masked.sum(x, 1, { mask: m }), torch.masked.softmax(x, 1, { mask: m })],
      [torch.randn(2, 3), mask],
    );
  });

  test("values that no order of the example's elements would change are still seen to change", async () => {
    const f = (x: torch.Tensor) => x.add(x.at(0).item());
    await expect(torch.onnx.export(f, [torch.ones(3)])).rejects.toThrow("add takes a number that depends on the input");
    await expect(torch.onnx.export((x: torch.Tensor) => x.mode(), [torch.ones(3)])).rejects.toThrow(
      /^onnx\.export: (mode|squeeze) /,
    );
  });
});
