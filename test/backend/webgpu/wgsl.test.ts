/** The text of kernels, without a GPU. */
import { expect, test } from "vitest";
import { functionsFor } from "../../../src/backend/webgpu/wgsl/functions";
import { binaryRules, expressionOf, ternaryRules, unaryRules } from "../../../src/backend/webgpu/wgsl/rules";

/** Functions of WGSL itself that the rules and their functions call. */
const builtIn = new Set(
  "abs sign firstLeadingBit max min clamp select exp exp2 log2 sqrt floor ceil round trunc bitcast f32 i32 u32 vec2f array if for return switch while".split(
    " ",
  ),
);

test("every function that a rule calls is there", () => {
  const unknown: string[] = [];
  for (const [name, rule] of Object.entries({ ...unaryRules, ...binaryRules, ...ternaryRules }))
    for (const type of ["f32", "i32"] as const) {
      const text = expressionOf(rule, type, false) ?? "";
      const functions = functionsFor(text);
      const known = new Set([...functions.matchAll(/fn (\w+)\(/g)].map(([, defined]) => defined!));
      for (const [, called] of `${text}\n${functions}`.matchAll(/(?<!fn )\b([A-Za-z_]\w*)(?:<\w+>)?\(/g))
        if (!known.has(called!) && !builtIn.has(called!)) unknown.push(`${name}: ${called}`);
    }
  expect(unknown).toEqual([]);
});

test("a kernel gets the functions that it calls, each once, and no others", () => {
  const text = functionsFor("expSafe(x) + expSafe(y)");
  expect([...text.matchAll(/fn (\w+)\(/g)].map(([, name]) => name).sort()).toEqual(["expSafe", "infinity", "isNan"]);
});
