/**
 * Expressions in Python that build values out of the library's classes and functions, such as
 * `Independent(Normal([0, 1], scale=.5), 1).expand((2,))`: numbers, text, lists, tuples, arithmetic, names, attributes, calls.
 */
import { camelCase } from "./place";
import { Missing, PyFloat, torch } from "./values";

/** A tuple: sizes, never a tensor. */
class Tuple {
  constructor(readonly items: readonly unknown[]) {}
}

/** A function or class with the object that it was found on. */
class Callable {
  constructor(
    readonly name: string,
    readonly owner: any,
    readonly target: (...args: unknown[]) => unknown,
  ) {}

  get isClass(): boolean {
    return /^[A-Z]/.test(this.name);
  }
}

const constants: Readonly<Record<string, unknown>> = { True: true, False: false, None: null };

/** Python's math module, where JavaScript's has other names. */
const math: Readonly<Record<string, unknown>> = {
  ...Object.fromEntries(["sqrt", "exp", "log", "sin", "cos", "tan", "tanh"].map((name) => [name, (Math as any)[name]])),
  pi: new PyFloat(Math.PI),
  e: new PyFloat(Math.E),
  inf: new PyFloat(Infinity),
  nan: new PyFloat(Number.NaN),
};

/** The power, and signs, bind more tightly than all of these. */
const precedence: Readonly<Record<string, number>> = { "+": 1, "-": 1, "*": 2, "/": 2, "@": 2 };

const methods: Readonly<Record<string, string>> = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  "/": "div",
  "@": "matmul",
  "**": "pow",
};

const onNumbers: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "**": (a, b) => a ** b,
};

const isNumber = (x: unknown): x is number | PyFloat => typeof x === "number" || x instanceof PyFloat;

function calculate(operator: string, a: unknown, b: unknown): unknown {
  if (isNumber(a) && isNumber(b)) {
    const value = onNumbers[operator]!(Number(plain(a)), Number(plain(b)));
    const isFloat = operator === "/" || a instanceof PyFloat || b instanceof PyFloat;
    return isFloat ? new PyFloat(value) : value;
  }
  const name = methods[operator]!;
  if (!isNumber(a)) return (a as any)[name](plain(b));
  return torch[name]!(plain(a), plain(b));
}

const hasFloat = (value: unknown): boolean =>
  value instanceof PyFloat || (Array.isArray(value) && value.some((item) => hasFloat(item)));

const isNumeric = (value: unknown): boolean =>
  isNumber(value) || (Array.isArray(value) && value.length > 0 && value.every(isNumeric));

/** The value as the library takes it. */
function plain(value: unknown): unknown {
  if (value instanceof PyFloat) return value.value;
  if (value instanceof Tuple) return value.items.map(plain);
  if (value instanceof Callable) return value.target;
  return Array.isArray(value) ? value.map(plain) : value;
}

/** A list of numbers that a class is given stands for a tensor, but one of integers for sizes where a transform takes them. */
function argument(target: Callable, value: unknown): unknown {
  const isTensor = target.isClass && Array.isArray(value) && isNumeric(value);
  if (!isTensor || (target.name.endsWith("Transform") && !hasFloat(value))) return plain(value);
  return torch.tensor!(plain(value), { dtype: "float64" });
}

/** The value of an expression. */
export function evaluateValue(text: string): any {
  return plain(new Reader(text).whole());
}

class Reader {
  private at = 0;
  private readonly tokens: readonly string[];

  constructor(private readonly text: string) {
    this.tokens = text.match(/(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[A-Za-z_]\w*|'[^']*'|"[^"]*"|\*\*|\S/g) ?? [];
  }

  whole(): unknown {
    const value = this.expression(0);
    if (this.at < this.tokens.length) this.fail();
    return value;
  }

  private fail(): never {
    throw new SyntaxError(`cannot read ${this.tokens[this.at] ?? "the end"} in ${this.text}`);
  }

  private take(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at++;
    return true;
  }

  private expect(token: string): void {
    if (!this.take(token)) this.fail();
  }

  private expression(least: number): unknown {
    let value = this.signed();
    for (;;) {
      const operator = this.tokens[this.at]!;
      const own = precedence[operator];
      if (own === undefined || own <= least) return value;
      this.at++;
      value = calculate(operator, value, this.expression(own));
    }
  }

  private signed(): unknown {
    if (this.take("-")) return calculate("*", this.signed(), -1);
    if (this.take("+")) return this.signed();
    const value = this.postfix();
    return this.take("**") ? calculate("**", value, this.signed()) : value;
  }

  private postfix(): unknown {
    let value = this.atom();
    for (;;) {
      if (this.take(".")) value = member(value, this.tokens[this.at++]!);
      else if (this.take("(")) value = this.call(value);
      else return value;
    }
  }

  private atom(): unknown {
    const token = this.tokens[this.at] ?? this.fail();
    this.at++;
    if (/^[\d.]/.test(token)) return /[.e]/i.test(token) ? new PyFloat(Number(token)) : Number(token);
    if (/^['"]/.test(token)) return token.slice(1, -1);
    if (token === "[") return this.items("]").items;
    if (token === "(") {
      const { items, isTuple } = this.items(")");
      return isTuple ? new Tuple(items) : items[0];
    }
    if (/^\w/.test(token)) return named(token);
    this.at--;
    return this.fail();
  }

  private items(end: string): { items: unknown[]; isTuple: boolean } {
    const items: unknown[] = [];
    let commas = 0;
    while (!this.take(end)) {
      items.push(this.expression(0));
      if (this.take(",")) commas++;
      else {
        this.expect(end);
        break;
      }
    }
    return { items, isTuple: commas > 0 || items.length === 0 };
  }

  private call(target: unknown): unknown {
    if (!(target instanceof Callable)) return this.fail();
    const positional: unknown[] = [];
    const options: Record<string, unknown> = {};
    while (!this.take(")")) {
      if (this.tokens[this.at + 1] === "=") {
        const name = camelCase(this.tokens[this.at]!);
        this.at += 2;
        options[name] = argument(target, this.expression(0));
      } else positional.push(argument(target, this.expression(0)));
      if (!this.take(",")) {
        this.expect(")");
        break;
      }
    }
    const args = Object.keys(options).length > 0 ? [...positional, options] : positional;
    return target.isClass ? Reflect.construct(target.target, args) : target.target.apply(target.owner, args);
  }
}

/** What a name stands for, looked for where `from torch.distributions import *` and its like put it. */
function named(name: string): unknown {
  if (name in constants) return constants[name];
  if (name === "math") return math;
  if (name === "torch") return torch;
  if (/^(dist|distributions|D|td)$/.test(name)) return torch.distributions;
  const { distributions } = torch;
  for (const owner of [distributions, distributions?.transforms, distributions?.constraints, torch])
    if (owner && camelCase(name) in owner) return member(owner, name);
  throw new Missing(`torch.distributions.${name}`);
}

function member(owner: any, name: string): unknown {
  const value = owner[camelCase(name)];
  if (value === undefined) throw new Missing(`${name} of ${String(owner?.constructor?.name ?? owner)}`);
  return typeof value === "function" ? new Callable(name, owner, value) : value;
}
