/**
 * The sweep: every op of the table in every size, layout and dtype that it has, against its rule on plain numbers and against
 * finite differences. An op without an entry or a sample fails, so that none goes untested.
 */
import { describe, expect, it } from "vitest";
import * as entries from "./ops/entries";
import { exemptions, helpers, random, withoutDerivative } from "./ops/exempt";
import * as functions from "./ops/functions";
import { prepared } from "./ops/samples/linalg";
import { changes, samples, table } from "./ops/table";

/** `add_` belongs to `add`: it is checked with it. */
const isInplaceOf = (name: string): boolean => name.endsWith("_") && table.has(name.slice(0, -1)) && !(name in samples);

const withEntry = [...table].filter(([, op]) => op.entry !== undefined) as [string, entries.Op][];
const ordinary = [...table].filter(([name, op]) => op.entry === undefined && name in samples);

describe("the table", () => {
  it("has a test for every op", () => {
    const untested = [...table].flatMap(([name, op]) => {
      const isTested = op.entry !== undefined || name in samples || isInplaceOf(name);
      return isTested || name in helpers || random.has(name.split(".").at(-1)!) ? [] : [name];
    });
    expect(untested).toEqual([]);
  });

  it("has an op for every sample and every exception", () => {
    const names = [...Object.keys(samples), ...Object.keys(exemptions), ...Object.keys(helpers)];
    expect(names.filter((name) => !table.has(name))).toEqual([]);
  });
});

describe.each(withEntry)("%s", (name, op) => {
  it("computes in every dtype and size", () => entries.checkSizes(op));
  it("computes in every layout", () => entries.checkLayouts(op));
  it("refuses the dtypes that it is said to refuse", () => entries.checkRefusals(op));
  if (op.entry.kind === "binary") it("broadcasts", () => entries.checkBroadcast(op));
  it("is differentiable, or listed as not", () => {
    expect(op.entry.differentiable).toBe(op.entry.rule !== "bool" && !withoutDerivative.has(op.entry.name));
  });
  if (op.entry.differentiable) it("has right derivatives", () => entries.checkGradients(op));
  const inplace = table.get(`${name}_`);
  if (inplace) it("has an equal in-place form", () => entries.checkInplace(op, inplace as never));
});

describe.each(ordinary)("%s", (name, given) => {
  const op = changes(name) ? functions.onCopy(given) : (prepared[name]?.(given) ?? given);
  const exempt = exemptions[name] ?? {};
  const inplace = table.get(`${name}_`);
  it.each(samples[name]!.map((sample, i) => [i, sample] as const))("sample %i", (_, sample) => {
    if (!exempt.layout) functions.checkLayouts(name, op, sample);
    functions.checkSingle(name, op, sample);
    functions.checkGradients(name, op, sample, exempt);
    if (inplace) functions.checkInplace(name, op, inplace, sample, exempt);
  });
});
