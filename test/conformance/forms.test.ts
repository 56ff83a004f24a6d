/** Every argument of PyTorch by position, by name, and mixed: results are the same bit for bit. */
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { type FormCase, formCases } from "./formCases";
import { type FormName, formNames } from "./forms";
import { openSource } from "./source";
import { isTensor, torch } from "./values";

/** A value in a form in which equality is that of all bits. */
function bitsOf(value: unknown): unknown {
  if (!isTensor(value)) return value;
  const { buffer, byteOffset, byteLength } = value.toTypedArray();
  return `${value.dtype} [${value.shape}] ${Buffer.from(buffer, byteOffset, byteLength).toString("base64")}`;
}

/** What is wrong with a form of a call; undefined if nothing is. */
function fault(one: FormCase, form: FormName): string | undefined {
  try {
    return torch.tidy(() => {
      const [expected, found] = [one.reference().map(bitsOf), one.run(form).map(bitsOf)];
      const at = expected.findIndex((value, i) => !Object.is(value, found[i]));
      if (found.length !== expected.length) return `${found.length} results instead of ${expected.length}`;
      return at < 0
        ? undefined
        : `result ${at} is ${String(found[at]).slice(0, 60)}, not ${String(expected[at]).slice(0, 60)}`;
    });
  } catch (error) {
    return String(error);
  }
}

test("every argument by position, by name, and mixed", () => {
  const faults: string[] = [];
  const entries = new Map<string, Set<string>>();
  let calls = 0;
  for (const one of formCases(openSource(resolve("test/golden")))) {
    entries.set(one.family, (entries.get(one.family) ?? new Set()).add(one.entry));
    for (const form of formNames) {
      calls++;
      const wrong = fault(one, form);
      if (wrong !== undefined) faults.push(`${one.family} ${one.entry} ${form}: ${wrong}`);
    }
  }
  const counts = [...entries].map(([family, { size }]) => `${size} ${family}`).join(", ");
  console.log(`${calls} calls of ${counts}; ${faults.length} went wrong`);
  expect(faults).toEqual([]);
}, 300_000);
