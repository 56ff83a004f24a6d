/** Every op of the table on a device that cannot be read at once: results and gradients are made there, and equal the cpu's. */
import { beforeAll, describe, expect, it } from "vitest";
import { useStrictDevice } from "../helpers/strict";
import { exemptions } from "../ops/exempt";
import { onCopy } from "../ops/functions";
import { prepared } from "../ops/samples/linalg";
import { materialize, tensorsOf, torch, within } from "../ops/spec";
import { changes, samples, table } from "../ops/table";
import { refused } from "./refused";
import { checkThere } from "./sweep";

beforeAll(useStrictDevice);

/** Sample calls of an op: an entry's follow from its kind. */
function callsOf(name: string, op: any): readonly (readonly unknown[])[] {
  if (name in samples) return samples[name]!;
  if (op.entry === undefined) return [];
  const [low, high] = op.entry.domain as [number, number];
  const x = () => within(low, high, 3, 4);
  const pairs = [
    [x(), x()],
    [x(), within(low, high, 4)],
    [x(), high],
  ];
  return op.entry.kind === "unary" ? [[x()]] : pairs;
}

const cases = [...table].flatMap(([name, op]) => {
  const calls = callsOf(name, op).filter(
    (sample) => tensorsOf(materialize(sample, "contiguous", "float32")).length > 0,
  );
  return calls.length > 0 ? [[name, op, calls] as const] : [];
});

describe.each(cases)("%s", (name, op, calls) => {
  const call: any = changes(name) ? onCopy(op as never) : (prepared[name]?.(op as never) ?? op);
  it(refused[name] ?? "computes there", async () => {
    let refusals = 0;
    for (const sample of calls) {
      const integer = op.entry?.rule === "integer";
      const args = materialize(
        sample,
        "contiguous",
        integer ? "int64" : "float32",
        !integer && exemptions[name]?.gradient !== "refused",
      )!;
      const run = checkThere(call, args);
      if (!(name in refused)) await run;
      else
        await run.catch((error) => {
          expect(error).toBeInstanceOf(torch.DeviceError);
          refusals++;
        });
    }
    expect(refusals > 0).toBe(name in refused);
  });
});
