/**
 * What the library's functions, methods and constructors take, read from its own source with the TypeScript compiler:
 * the adapter maps PyTorch's argument names to these. The result is cached in `build/`, until a source changes.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { parse } from "../../src/core/binding";

/** What a parameter accepts, as far as the adapter tells values apart. */
export type Kind = "any" | "tensor" | "number" | "boolean" | "string" | "array" | "function" | "null" | "object";

/** A parameter of one of our functions. */
export interface Parameter {
  readonly name: string;
  readonly optional: boolean;
  readonly rest: boolean;
  readonly kinds: readonly Kind[];
  /** The options with what they accept, if the parameter takes an object of options. */
  readonly options?: Readonly<Record<string, readonly Kind[]>>;
}

/** One overload. */
export type Signature = readonly Parameter[];

/** Every callable of the public API by path, such as `nn.functional.relu`; methods of Tensor by name. */
export interface Api {
  readonly functions: Readonly<Record<string, readonly Signature[]>>;
  readonly classes: Readonly<Record<string, readonly Signature[]>>;
  readonly methods: Readonly<Record<string, readonly Signature[]>>;
  /** The `forward` of each class of modules. */
  readonly forwards: Readonly<Record<string, readonly Signature[]>>;
  /** Public methods of all classes but Tensor, as `Class.method` with the class that defines them. */
  readonly members: Readonly<Record<string, readonly Signature[]>>;
}

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

function newest(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((time, item) => {
    const path = join(folder, item.name);
    return Math.max(time, item.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }, 0);
}

/** The API of the sources in `src/`. */
export function loadApi(): Api {
  const cache = join(root, "build", "api.json");
  const stamp = Math.max(newest(join(root, "src")), statSync(fileURLToPath(import.meta.url)).mtimeMs);
  if (existsSync(cache)) {
    const known = JSON.parse(readFileSync(cache, "utf8")) as { stamp: number; api: Api };
    if (known.stamp === stamp) return known.api;
  }
  const api = readApi();
  mkdirSync(dirname(cache), { recursive: true });
  writeFileSync(cache, JSON.stringify({ stamp, api }));
  return api;
}

function readApi(): Api {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram([join(root, "src", "index.ts"), join(root, "src", "kernels.d.ts")], options);
  return new Reader(program).read();
}

const isHidden = (symbol: ts.Symbol): boolean =>
  (symbol.valueDeclaration !== undefined &&
    (ts.getCombinedModifierFlags(symbol.valueDeclaration) & ts.ModifierFlags.NonPublicAccessibilityModifier) !== 0) ||
  symbol.getJsDocTags().some(({ name }) => name === "internal");

/** What the type of a function that is declared with its names carries for them. To ask it for its overloads would take the compiler seconds. */
const phantomOf = (type: ts.Type): ts.Symbol | undefined =>
  type.isUnion() ? undefined : type.getProperties().find(({ name }) => name.startsWith("__@types"));

class Reader {
  private readonly checker: ts.TypeChecker;
  private readonly tensor: ts.Type;
  private readonly functions: Record<string, Signature[]> = {};
  private readonly classes: Record<string, Signature[]> = {};
  private readonly forwards: Record<string, Signature[]> = {};
  private readonly members: Record<string, Signature[]> = {};

  constructor(private readonly program: ts.Program) {
    this.checker = program.getTypeChecker();
    const tensor = this.exportsOf("src/tensor/tensor.ts").find((symbol) => symbol.name === "Tensor");
    this.tensor = this.checker.getDeclaredTypeOfSymbol(tensor!);
  }

  read(): Api {
    for (const symbol of this.exportsOf("src/index.ts")) this.addExport(symbol.name, symbol);
    const { functions, classes, forwards, members } = this;
    return { functions, classes, forwards, members, methods: this.methods() };
  }

  private exportsOf(file: string): ts.Symbol[] {
    const source = this.program.getSourceFile(join(root, file));
    const symbol = source && this.checker.getSymbolAtLocation(source);
    return symbol ? this.checker.getExportsOfModule(symbol) : [];
  }

  private addExport(path: string, exported: ts.Symbol): void {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(exported) : exported;
    if (symbol.flags & ts.SymbolFlags.ValueModule) {
      for (const inner of this.checker.getExportsOfModule(symbol)) this.addExport(`${path}.${inner.name}`, inner);
      return;
    }
    if (!(symbol.flags & ts.SymbolFlags.Value)) return;
    const type = this.checker.getTypeOfSymbol(symbol);
    const forms = this.formsOf(type);
    if (forms.length > 0) this.functions[path] = forms;
    const constructors = phantomOf(type) === undefined ? type.getConstructSignatures() : [];
    if (constructors.length === 0) return;
    this.classes[path] = constructors.flatMap((signature) => this.overloads(signature));
    const forward = constructors[0]!.getReturnType().getProperty("forward");
    const forwards = forward ? this.checker.getTypeOfSymbol(forward).getCallSignatures() : [];
    this.forwards[path] = forwards.flatMap((signature) => this.overloads(signature));
    if (constructors[0]!.getReturnType() !== this.tensor) this.addMembers(path, type, constructors[0]!.getReturnType());
  }

  /** The methods of instances, and static ones as functions below the class. */
  private addMembers(path: string, statics: ts.Type, instance: ts.Type): void {
    for (const property of instance.getProperties()) {
      const owner = property.valueDeclaration?.parent;
      if (!owner || !ts.isClassLike(owner) || isHidden(property)) continue;
      const key = `${owner.name?.text}.${property.name}`;
      if (!(key in this.members)) this.members[key] = this.formsOf(this.checker.getTypeOfSymbol(property));
    }
    for (const property of statics.getProperties().filter((one) => !isHidden(one))) {
      const forms = this.formsOf(this.checker.getTypeOfSymbol(property));
      if (forms.length > 0) this.functions[`${path}.${property.name}`] = forms;
    }
  }

  /** The class's own methods, and the functions of the op families without their first parameter. */
  private methods(): Record<string, Signature[]> {
    const methods: Record<string, Signature[]> = {};
    for (const property of this.checker.getPropertiesOfType(this.tensor)) {
      const forms = this.formsOf(this.checker.getTypeOfSymbol(property));
      if (forms.length > 0) methods[property.name] = forms;
    }
    const families = readdirSync(join(root, "src", "ops"), { recursive: true, encoding: "utf8" });
    for (const file of families.filter((name) => name.endsWith(".ts")))
      for (const symbol of this.exportsOf(relative(root, join(root, "src", "ops", file))))
        this.addMethod(methods, symbol);
    return methods;
  }

  private addMethod(methods: Record<string, Signature[]>, exported: ts.Symbol): void {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(exported) : exported;
    if (!(exported.name in methods) || !(symbol.flags & ts.SymbolFlags.Value)) return;
    const overloads = this.formsOf(this.checker.getTypeOfSymbol(symbol));
    const own = overloads.filter((overload) => overload[0]?.kinds.some((kind) => kind === "tensor" || kind === "any"));
    if (own.length > 0)
      methods[exported.name] = own.map((overload) => (overload[0]!.rest ? overload : overload.slice(1)));
  }

  /** The overloads of a function; of one that is declared with {@link parse}d names, its implementation with them. */
  private formsOf(type: ts.Type): Signature[] {
    const phantom = phantomOf(type);
    if (phantom === undefined) return type.getCallSignatures().flatMap((signature) => this.overloads(signature));
    const derived = this.checker.getNonNullableType(this.checker.getTypeOfSymbol(phantom)).getCallSignatures()[0]!;
    const [text, implementation] = derived.getParameters().map((symbol) => this.checker.getTypeOfSymbol(symbol));
    const { positions } = parse((text as ts.StringLiteralType).value);
    const [own] = implementation!.getCallSignatures().flatMap((signature) => this.overloads(signature));
    return [
      own!.map((parameter, i) =>
        parameter.options && i === own!.length - 1 ? parameter : { ...parameter, name: positions[i] ?? parameter.name },
      ),
    ];
  }

  /** The overloads that a signature stands for: a rest parameter of tuples is one per tuple. */
  private overloads(signature: ts.Signature): Signature[] {
    const parameters = signature.getParameters();
    const last = parameters.at(-1);
    const declaration = last?.valueDeclaration;
    const head = (list: readonly ts.Symbol[]) => list.map((symbol) => this.parameter(symbol));
    if (!last || !declaration || !ts.isParameter(declaration) || !declaration.dotDotDotToken) return [head(parameters)];
    const first = head(parameters.slice(0, -1));
    return this.restForms(last).map((form) => [...first, ...form]);
  }

  private restForms(rest: ts.Symbol): Signature[] {
    const declared = this.checker.getTypeOfSymbol(rest);
    const type = this.checker.getBaseConstraintOfType(declared) ?? declared;
    const members = type.isUnion() ? type.types : [type];
    const tuples = members.filter((member) => this.checker.isTupleType(member)) as ts.TupleTypeReference[];
    const forms = tuples.map((tuple) => this.tupleForm(tuple));
    const arrays = members.filter((member) => this.checker.isArrayType(member));
    return [...forms, ...arrays.map((array) => [this.restParameter(rest.name, array)])];
  }

  private tupleForm(tuple: ts.TupleTypeReference): Signature {
    const { elementFlags, labeledElementDeclarations } = tuple.target;
    return this.checker.getTypeArguments(tuple).map((type, i): Parameter => {
      const label = labeledElementDeclarations?.[i]?.name.getText() ?? `arg${i}`;
      const flag = elementFlags[i]!;
      const rest = (flag & ts.ElementFlags.Variable) !== 0;
      return { name: label, optional: (flag & ts.ElementFlags.Optional) !== 0, rest, ...this.accepts(type) };
    });
  }

  private restParameter(name: string, array: ts.Type): Parameter {
    const element = this.checker.getTypeArguments(array as ts.TypeReference)[0]!;
    return { name, optional: true, rest: true, ...this.accepts(element) };
  }

  private parameter(symbol: ts.Symbol): Parameter {
    const declaration = symbol.valueDeclaration as ts.ParameterDeclaration | undefined;
    const optional = declaration !== undefined && (!!declaration.questionToken || !!declaration.initializer);
    return { name: symbol.name, optional, rest: false, ...this.accepts(this.checker.getTypeOfSymbol(symbol)) };
  }

  private kindsOf(type: ts.Type): Kind[] {
    const kinds = this.parts(type).map((member) => this.kindOf(member));
    return [...new Set(kinds.filter((kind) => kind !== undefined))];
  }

  private accepts(type: ts.Type): Pick<Parameter, "kinds" | "options"> {
    const kinds = this.kindsOf(type);
    const options = this.parts(type)
      .filter((member) => this.kindOf(member) === "object")
      .flatMap((member) => member.getProperties())
      .map((option) => [option.name, this.kindsOf(this.checker.getTypeOfSymbol(option))] as const);
    return options.length > 0 ? { kinds, options: Object.fromEntries(options) } : { kinds };
  }

  private parts(type: ts.Type): ts.Type[] {
    const bound = type.flags & ts.TypeFlags.TypeParameter ? (this.checker.getBaseConstraintOfType(type) ?? type) : type;
    return bound.isUnion() ? bound.types.flatMap((member) => this.parts(member)) : [bound];
  }

  private kindOf(type: ts.Type): Kind | undefined {
    const { flags } = type;
    if (flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.TypeParameter)) return "any";
    if (flags & (ts.TypeFlags.NumberLike | ts.TypeFlags.BigIntLike)) return "number";
    if (flags & ts.TypeFlags.BooleanLike) return "boolean";
    if (flags & ts.TypeFlags.StringLike) return "string";
    if (flags & ts.TypeFlags.Null) return "null";
    if (flags & ts.TypeFlags.Undefined) return undefined;
    if (this.checker.isArrayLikeType(type) || type.symbol?.name === "Iterable") return "array";
    if (type.getCallSignatures().length > 0) return "function";
    if (this.isOptions(type)) return "object";
    // Arrays, tensors and data sets alike have a length.
    const properties = type.getProperties();
    if (properties.length === 1 && properties[0]!.name === "length") return "any";
    return this.checker.isTypeAssignableTo(this.tensor, type) ? "tensor" : "object";
  }

  /** An object type all of whose properties may be left out. */
  private isOptions(type: ts.Type): boolean {
    const properties = type.getProperties();
    return properties.length > 0 && properties.every((property) => property.flags & ts.SymbolFlags.Optional);
  }
}
