/**
 * The few Python expressions in which `ops/index.json` says how a sample was called: one lambda over names, attributes, calls,
 * indices and the matrix product, such as `lambda x, n, **kwargs: torch.polygamma(n, x, **kwargs)`.
 */

/** What the expressions act on. */
export interface World {
  /** `torch.<path>(…)` */
  call(path: string, positional: readonly unknown[], named: Readonly<Record<string, unknown>>): unknown;
  /** `value.<name>(…)` */
  method(
    receiver: unknown,
    name: string,
    positional: readonly unknown[],
    named: Readonly<Record<string, unknown>>,
  ): unknown;
  /** `value.<name>` */
  attribute(receiver: unknown, name: string): unknown;
  matmul(a: unknown, b: unknown): unknown;
}

type Callable = (positional: readonly unknown[], named: Readonly<Record<string, unknown>>) => unknown;
type Scope = ReadonlyMap<string, unknown>;

/** `torch`, or something below it. */
class Path {
  constructor(readonly text: string) {}
}

/** A method that was named and not yet called. */
class Bound {
  constructor(
    readonly receiver: unknown,
    readonly name: string,
  ) {}
}

/** Calls a lambda written in Python. */
export function evaluate(
  source: string,
  world: World,
  positional: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
) {
  const tokens = source.match(/[A-Za-z_]\w*|\d+|\*\*|[^\s]/g) ?? [];
  return (new Parser(tokens, world).expression(new Map()) as Callable)(positional, named);
}

class Parser {
  private at = 0;

  constructor(
    private readonly tokens: readonly string[],
    private readonly world: World,
  ) {}

  private peek = (): string | undefined => this.tokens[this.at];

  private take(token: string): boolean {
    if (this.peek() !== token) return false;
    this.at++;
    return true;
  }

  private expect(token: string): void {
    if (!this.take(token)) throw new SyntaxError(`expected ${token}, got ${this.peek()}`);
  }

  /** lambda, or products of postfix expressions. */
  expression(scope: Scope): unknown {
    if (this.take("lambda")) return this.lambda(scope);
    let value = this.postfix(scope);
    while (this.take("@")) value = this.world.matmul(this.value(value), this.value(this.postfix(scope)));
    return this.value(value);
  }

  private lambda(scope: Scope): Callable {
    const start = this.at;
    this.bindParameters([], {});
    const body = this.at;
    this.skipExpression();
    return (positional, named) => {
      const resume = this.at;
      this.at = start;
      const local = this.bindParameters(positional, named);
      this.at = body;
      const result = this.expression(new Map([...scope, ...local]));
      this.at = resume;
      return result;
    };
  }

  /** Moves to the end of the expression: a comma or closing bracket of an outer one. */
  private skipExpression(): void {
    for (let depth = 0; this.at < this.tokens.length; this.at++) {
      const token = this.tokens[this.at]!;
      if ("([".includes(token)) depth++;
      else if (")]".includes(token) && depth-- === 0) return;
      else if (token === "," && depth === 0) return;
    }
  }

  /** Reads `a, b=0, *args, **kwargs:` and gives each name its value. */
  private bindParameters(
    positional: readonly unknown[],
    named: Readonly<Record<string, unknown>>,
  ): Map<string, unknown> {
    const scope = new Map<string, unknown>();
    const rest = { ...named };
    let next = 0;
    while (!this.take(":")) {
      const stars = this.take("**") ? 2 : this.take("*") ? 1 : 0;
      const name = this.tokens[this.at++]!;
      if (stars === 1) scope.set(name, positional.slice(next));
      else if (stars === 2) scope.set(name, rest);
      else {
        const fallback = this.take("=") ? Number(this.tokens[this.at++]) : undefined;
        scope.set(name, name in rest ? rest[name] : next < positional.length ? positional[next++] : fallback);
        delete rest[name];
      }
      this.take(",");
    }
    return scope;
  }

  private postfix(scope: Scope): unknown {
    let value = this.atom(scope);
    for (;;) {
      if (this.take(".")) value = this.member(value, this.tokens[this.at++]!);
      else if (this.take("(")) value = this.call(value, scope);
      else if (this.take("[")) {
        const index = Number(this.expression(scope));
        this.expect("]");
        value = [...(this.value(value) as Iterable<unknown>)][index];
      } else return value;
    }
  }

  private atom(scope: Scope): unknown {
    const token = this.tokens[this.at++]!;
    if (/^\d+$/.test(token)) return Number(token);
    if (token === "torch") return new Path("");
    if (token === "wrapper_set_seed") return (([f, ...args], named) => (f as Callable)(args, named)) satisfies Callable;
    if (!scope.has(token)) throw new SyntaxError(`unknown name ${token}`);
    return scope.get(token);
  }

  private member(value: unknown, name: string): unknown {
    if (value instanceof Path) return new Path(value.text === "" ? name : `${value.text}.${name}`);
    return new Bound(this.value(value), name);
  }

  /** An attribute that is not called is its value. */
  private value(value: unknown): unknown {
    return value instanceof Bound ? this.world.attribute(value.receiver, value.name) : value;
  }

  private call(target: unknown, scope: Scope): unknown {
    const positional: unknown[] = [];
    const named: Record<string, unknown> = {};
    while (!this.take(")")) {
      if (this.take("**")) Object.assign(named, this.expression(scope));
      else if (this.take("*")) positional.push(...(this.expression(scope) as unknown[]));
      else if (this.tokens[this.at + 1] === "=") {
        const name = this.tokens[this.at]!;
        this.at += 2;
        named[name] = this.expression(scope);
      } else positional.push(this.expression(scope));
      this.take(",");
    }
    if (target instanceof Path) return this.world.call(target.text, positional, named);
    if (target instanceof Bound) return this.world.method(target.receiver, target.name, positional, named);
    return (target as Callable)(positional, named);
  }
}
