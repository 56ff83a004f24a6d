/** The entries that the rules do not reach, each with a line of its own; at most 40. */
import { find } from "./adapter";
import { isTensor, Missing } from "./values";

export type Special = (input: any, args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>) => unknown;

const operators: Readonly<Record<string, string>> = {
  and: "bitwiseAnd",
  or: "bitwiseOr",
  xor: "bitwiseXor",
  mod: "remainder",
};

/** Python's reflected operators, `__radd__(input, other)` = other + input: JavaScript writes the call. */
function reflected(path: string): Special {
  return (input, [other]) => {
    const f = find(path);
    if (typeof f !== "function") throw new Missing(`torch.${path}`);
    return f(other, input);
  };
}

/** `Tensor.__rpow__` takes a number: a tensor given to it counts as a constant. */
const reflectedPower: Special = (input, [other]) =>
  reflected("pow")(input, [isTensor(other) ? other.detach() : other], {});

/** `x[index]`; a list stands for a tuple of indices, unless it holds only numbers: then it is one array of them. */
const getItem: Special = (input, [index]) => {
  if (typeof input.at !== "function") throw new Missing("Tensor.at");
  const isTuple = Array.isArray(index) && index.some((item) => typeof item === "object" || typeof item === "string");
  return input.at(...(isTuple ? (index as unknown[]) : [index]));
};

export const specials: Readonly<Record<string, Special>> = {
  __getitem__: getItem,
  __rpow__: reflectedPower,
};

/** Our function for one of Python's reflected operators, `__radd__` and its like; none for other names. */
export function reflectedName(op: string): string | undefined {
  const name = /^__r(\w+)__$/.exec(op)?.[1];
  return name && (operators[name] ?? name);
}

/** The line of an operator, if it has one. */
export function specialFor(op: string): Special | undefined {
  const name = reflectedName(op);
  return specials[op] ?? (name ? reflected(name) : undefined);
}
