/** Containers of parameters by name, with the methods of a Map. */
import * as torch from "kindling";
import { expect, test } from "vitest";

const { nn } = torch;

test("a ParameterDict is changed and read like a Map, and its parameters are the module's", () => {
  const dict = new nn.ParameterDict({ a: torch.ones(2), b: torch.zeros(1) });
  dict.update([["c", torch.ones(3)]]).set("a", torch.zeros(4));
  expect([dict.size, dict.keys(), dict.get("a")!.shape]).toEqual([3, ["a", "b", "c"], [4]]);
  expect(Object.keys(dict.stateDict())).toEqual(["a", "b", "c"]);
  expect(dict.pop("b").shape).toEqual([1]);
  expect(dict.has("b")).toBe(false);
  expect(() => dict.pop("b")).toThrow("pop: there is no parameter");
  dict.clear();
  expect(dict.parameters()).toEqual([]);
});
