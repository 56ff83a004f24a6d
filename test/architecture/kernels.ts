/**
 * The names of kernels that the sources ask for, found by following values to parameters that name a kernel.
 *
 * Such parameters ("sinks") are those called `kernel`, the first of a function called `kernel` and of the elementwise methods of a backend, whose ops
 * have kernels of the same name, and, found on the way, those that are handed on to a sink. An op builder takes a specification with an optional field `kernel`; without it the kernel has the name of the op, the
 * builder's first argument.
 */
import ts from "typescript";
import { checker, placeOf, sources } from "./sources";

/** Each name asked for, with a place that asks for it. */
export type Asked = Map<string, string>;

/** Calls by callee, with the parameters that the checker resolved. */
interface Call {
  readonly node: ts.CallExpression;
  readonly parameters: readonly ts.Symbol[];
}

function collectCalls(): Call[] {
  const calls: Call[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node))
      calls.push({ node, parameters: checker.getResolvedSignature(node)?.parameters ?? [] });
    ts.forEachChild(node, visit);
  };
  for (const file of sources.values()) visit(file);
  return calls;
}

/** The methods of a backend that take the name of an elementwise op first. */
const elementwise = ["unary", "binary", "ternary"];

function isKernelParameter(parameter: ts.Symbol, position: number, { expression }: ts.CallExpression): boolean {
  if (parameter.name === "kernel") return true;
  if (position !== 0 || !ts.isPropertyAccessExpression(expression)) return false;
  const { text } = expression.name;
  return text === "kernel" || (parameter.name === "op" && elementwise.includes(text));
}

/** The string literals that a type consists of; none for `string`. */
const literalsOf = (type: ts.Type): string[] =>
  type.isUnion() ? type.types.flatMap(literalsOf) : type.isStringLiteral() ? [type.value] : [];

/** Follows arguments of sinks back to literals. */
class Tracer {
  readonly asked: Asked = new Map();
  /** What is appended to the value of a sink before it names a kernel; most often nothing. */
  private readonly sinks = new Map<ts.Symbol, Set<string>>();
  private grew = false;

  constructor(private readonly calls: readonly Call[]) {}

  run(): Asked {
    do {
      this.grew = false;
      for (const call of this.calls) this.visit(call);
    } while (this.grew);
    return this.asked;
  }

  private visit({ node, parameters }: Call): void {
    const { arguments: values } = node;
    parameters.forEach((parameter, i) => {
      const value = values[i];
      if (value === undefined) return;
      if (isKernelParameter(parameter, i, node)) this.follow(value, "");
      const isSpec = ts.isObjectLiteralExpression(value) && hasKernelField(parameter, node);
      if (isSpec) this.follow(kernelField(value) ?? values[0]!, "");
      for (const suffix of this.sinks.get(parameter) ?? []) this.follow(value, suffix);
    });
  }

  private follow(value: ts.Expression, suffix: string): void {
    if (ts.isTemplateExpression(value)) {
      for (const { expression, literal } of value.templateSpans) this.follow(expression, literal.text + suffix);
      return;
    }
    const literals = literalsOf(checker.getTypeAtLocation(value));
    for (const literal of literals) this.asked.set(literal + suffix, placeOf(value));
    if (literals.length > 0 || !ts.isIdentifier(value)) return;
    const symbol = checker.getSymbolAtLocation(value)!;
    const declaration = symbol.valueDeclaration;
    if (declaration !== undefined && ts.isParameter(declaration)) this.addSink(symbol, suffix);
  }

  private addSink(symbol: ts.Symbol, suffix: string): void {
    const suffixes = this.sinks.get(symbol) ?? new Set();
    this.sinks.set(symbol, suffixes);
    this.grew ||= !suffixes.has(suffix);
    suffixes.add(suffix);
  }
}

const hasKernelField = (parameter: ts.Symbol, at: ts.Node): boolean =>
  checker.getTypeOfSymbolAtLocation(parameter, at).getProperty("kernel") !== undefined;

function kernelField(spec: ts.ObjectLiteralExpression): ts.Expression | undefined {
  for (const field of spec.properties) {
    if (field.name?.getText() !== "kernel") continue;
    if (ts.isPropertyAssignment(field)) return field.initializer;
    if (ts.isShorthandPropertyAssignment(field)) return field.name;
  }
  return undefined;
}

/** Every kernel that `src/` asks a backend for. */
export const askedKernels = (): Asked => new Tracer(collectCalls()).run();
