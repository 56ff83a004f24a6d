/** The forms in which a call may give its arguments, worked out of a signature of `src/core/signature.ts`. */
import ts from "typescript";

const { NodeBuilderFlags: flags } = ts;
const print = flags.NoTruncation | flags.UseAliasDefinedOutsideCurrentScope;

const listed = (text = "") =>
  text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");

const bare = (name) => name.replace(/^\.\.\.|(\{\}|\(\))?\??$/g, "");

/** Takes a signature apart as `parse` of `src/core/signature.ts` does. */
function parse(signature) {
  const [first, second, third] = signature.split(";").map(listed);
  return {
    leading: first,
    by: [...(second ?? [])],
    named: [...(third ?? [])],
    isOpen: first.at(-1)?.startsWith("...") ?? false,
  };
}

/** Whether a node stands where names of type parameters mean something. */
function isGeneric(node) {
  for (let at = node; at !== undefined; at = at.parent)
    if (at.typeParameters?.length > 0 || ts.isMappedTypeNode(at)) return true;
  return false;
}

/** The type of a parameter or property as it is written, or as the compiler writes it. */
function typeText(symbol, at, checker) {
  const node = symbol.valueDeclaration?.type;
  if (node !== undefined && !isGeneric(symbol.valueDeclaration)) return node.getText();
  return checker.typeToString(checker.getTypeOfSymbolAtLocation(symbol, at), at, print);
}

const maybe = (type) =>
  /\bundefined$/.test(type) ? type : /=>|\?/.test(type) ? `(${type}) | undefined` : `${type} | undefined`;

/** What has the names `rest` of the options, as their own type where that is all of them. */
function optionsText(own, optionsType, taken) {
  const parts = [
    ...(own.length > 0
      ? [
          `{ ${own.map(({ name, type, isOptional }) => `${name}${isOptional ? "?" : ""}: ${isOptional ? maybe(type) : type}`).join("; ")} }`,
        ]
      : []),
    ...(optionsType === undefined
      ? []
      : [taken.length > 0 ? `Without<${optionsType}, ${taken.map((name) => `"${name}"`).join(" | ")}>` : optionsType]),
  ];
  return parts.length > 0 ? parts.join(" & ") : undefined;
}

/** The name of a parameter, which must not be a reserved word. */
const labelOf = ({ name }) =>
  /** @type {any} */ (ts).stringToToken(name) <= ts.SyntaxKind.LastFutureReservedWord ? `${name}_` : name;

/** `name: type` of a parameter. */
const parameter = (value) => `${labelOf(value)}${value.isOptional ? "?" : ""}: ${value.type}`;

/** Parameters by position; what stands before one that is required cannot be left out. */
function positions(values) {
  const last = values.findLastIndex((value) => !value.isOptional);
  return values.map((value, i) =>
    parameter(i < last && value.isOptional ? { ...value, type: maybe(value.type), isOptional: false } : value),
  );
}

/**
 * Overloads of a call: by position alone, and with a trailing object that gives the others by name.
 * @param values What may stand by position: those of the implementation, then options.
 * @param result What follows the parentheses.
 */
function overloads(values, leading, optionsType, hasMore, result, typeParameters = "") {
  const positional = `${typeParameters}(${positions(values).join(", ")})${result}`;
  const mixed = [];
  for (let count = 0; count <= values.length; count++) {
    const own = values.slice(count, Math.max(count, leading));
    const taken = values.slice(leading, Math.max(count, leading)).map(({ name }) => name);
    if (count === values.length && (!hasMore || count > values.length)) break;
    const text = optionsText(own, optionsType, taken);
    if (text === undefined) continue;
    const isOptional = values.slice(count).every((value) => value.isOptional);
    const before = values
      .slice(0, count)
      .map((value) => `${labelOf(value)}: ${value.isOptional ? maybe(value.type) : value.type}`);
    mixed.push(`[${[...before, `options${isOptional ? "?" : ""}: ${isOptional ? maybe(text) : text}`].join(", ")}]`);
  }
  if (mixed.length === 0) return [positional];
  // Literal types of a union would not be inferred.
  if (/\bconst /.test(typeParameters))
    return [positional, ...mixed.map((form) => `${typeParameters}(${form.slice(1, -1)})${result}`)];
  return [positional, `${typeParameters}(...args: ${mixed.join(" | ")})${result}`];
}

const isOptionalProperty = ({ flags }) => (flags & ts.SymbolFlags.Optional) !== 0;

/** The text and the properties of the options of an implementation. */
function readOptions(symbol, at, checker) {
  if (symbol === undefined) return { text: undefined, properties: [] };
  const type = checker.getNonNullableType(checker.getTypeOfSymbolAtLocation(symbol, at));
  return {
    text: typeText(symbol, at, checker).replace(/ \| undefined$/, ""),
    properties: checker.getPropertiesOfType(type),
  };
}

function resultText(signature, at, checker) {
  const node = signature.declaration?.type;
  if (node !== undefined && !isGeneric(signature.declaration.parent)) return `: ${node.getText()}`;
  const type = signature.getReturnType();
  return `: ${checker.typeToString(type, at, print)}`;
}

/** `<G extends Options>`: a constraint that is a type parameter of what is around is written as what stands for it. */
function typeParametersOf({ declaration, typeParameters }, checker) {
  const nodes = declaration?.typeParameters ?? [];
  const textOf = (node, i) => {
    const constraint = typeParameters?.[i]?.getConstraint();
    const isOuter = isGeneric(declaration.parent) && node.constraint !== undefined && constraint !== undefined;
    if (!isOuter) return node.getText();
    return `${node.name.text} extends ${checker.typeToString(constraint, declaration, print)}`;
  };
  return nodes.length > 0 ? `<${nodes.map(textOf).join(", ")}>` : "";
}

/** The forms of one signature of an implementation. @param skip How many of its first parameters a method gives. */
function formsOfSignature(text, signature, skip, at, checker) {
  const { leading, by, named, isOpen } = parse(text);
  const parameters = signature.parameters;
  const result = resultText(signature, at, checker);
  const generics = typeParametersOf(signature, checker);
  const describe = (name, symbol) => ({
    name: bare(name),
    type: typeText(symbol, at, checker),
    isOptional: name.endsWith("?"),
  });
  if (isOpen) return openForms(leading, parameters, skip, at, checker, result, generics);
  const { text: optionsType, properties } = readOptions(parameters[leading.length], at, checker);
  const find = (name) => properties.find((property) => property.name === name);
  const values = [
    ...leading.flatMap((name, i) => (parameters[i] === undefined ? [] : [describe(name, parameters[i])])),
    ...by.flatMap((name) =>
      find(name) === undefined ? [] : [{ ...describe(name, find(name)), isOptional: isOptionalProperty(find(name)) }],
    ),
  ].slice(skip);
  const count = Math.max(0, Math.min(leading.length, parameters.length) - skip);
  const hasMore = properties.some(({ name }) => !by.includes(name)) || named.length > 0;
  return overloads(values, count, optionsType, hasMore, result, generics);
}

/** The forms of a function whose last parameter takes all values that are left. */
function openForms(leading, parameters, skip, at, checker, result, generics) {
  const texts = parameters.map((symbol, i) => ({
    name: bare(leading[i] ?? symbol.name),
    type: typeText(symbol, at, checker),
  }));
  const rest = texts[leading.length - 1];
  const before = texts.slice(skip, leading.length - 1).map(({ name, type }) => `${name}: ${type}`);
  const byName = `{ ${rest.name}: readonly unknown[] } & Record<string, unknown>`;
  return [
    `${generics}(${[...before, `...${rest.name}: ${rest.type}`].join(", ")})${result}`,
    `${generics}(${[...before, `options: ${byName}`].join(", ")})${result}`,
  ];
}

/** The signature text and the type of the implementation of a public function. */
function declared(type, checker) {
  const key = checker.getPropertiesOfType(type).find(({ escapedName }) => String(escapedName).startsWith("__@types@"));
  if (key === undefined) return undefined;
  const [call] = checker.getNonNullableType(checker.getTypeOfSymbol(key)).getCallSignatures();
  const [text, implementation] = call.parameters.map((symbol) => checker.getTypeOfSymbol(symbol));
  return { text: text.value, implementation, signatures: implementation.getCallSignatures() };
}

/** The overloads of a function that is declared by a signature; undefined for any other type. */
export function formsOf(type, at, checker, skip = 0) {
  const found = declared(type, checker);
  if (found === undefined) return undefined;
  const forms = found.signatures.flatMap((signature) => formsOfSignature(found.text, signature, skip, at, checker));
  if (skip > 0) return forms;
  const own = ownSignatures(type, found.implementation).map((signature) => plainForm(signature, 0, at, checker));
  return [...forms, ...own, ...forms.flatMap(aloneForm)];
}

/** The form of one tensor alone, in which functions with other options have a signature in common: `(isSmooth ? F.gelu : F.relu)(x)`. */
const aloneForm = (form) => {
  const [, name, rest] = /^\((\w+): Tensor, ((?:\w+\?: [^,]*(?:, )?)+)\): Tensor$/.exec(form) ?? [];
  return rest === undefined ? [] : [`(${name}: Tensor): Tensor`];
};

/** The call signatures of a function besides those that are worked out: `typeof f & { (end: number): Slice }`. */
const ownSignatures = (type, implementation) =>
  type.isIntersection()
    ? type.types
        .filter((part) => part !== implementation && part.aliasSymbol === undefined && part.symbol?.name === "__type")
        .flatMap((part) => part.getCallSignatures())
        .filter(({ declaration }) => declaration && !isGeneric(declaration.parent))
    : [];

/** A signature as it is, without its first `skip` parameters. */
function plainForm(signature, skip, at, checker, result = resultText(signature, at, checker)) {
  const parameters = signature.parameters.slice(skip).map((symbol) => {
    const node = symbol.valueDeclaration;
    const dots = node?.dotDotDotToken ? "..." : "";
    const mark = node?.questionToken || node?.initializer ? "?" : "";
    return `${dots}${symbol.name}${mark}: ${typeText(symbol, at, checker)}`;
  });
  return `${typeParametersOf(signature, checker)}(${parameters.join(", ")})${result}`;
}

/** The overloads of a method of Tensor. */
export function methodForms(property, declaration, checker) {
  const at = declaration;
  if (ts.isVariableDeclaration(declaration) || ts.isFunctionDeclaration(declaration)) {
    const type = checker.getTypeAtLocation(declaration.name);
    return (
      formsOf(type, at, checker, 1) ?? type.getCallSignatures().map((signature) => plainForm(signature, 1, at, checker))
    );
  }
  const type = checker.getTypeOfSymbolAtLocation(property, at);
  return type.getCallSignatures().map((signature) => plainForm(signature, 0, at, checker));
}

/** `Arguments<signature, values>` as two nodes, and what stands for the type parameters of an alias of it. */
function readArguments(reference, checker, bound = []) {
  if (!reference || !ts.isTypeReferenceNode(reference)) return undefined;
  const [signature, values] = reference.typeArguments ?? [];
  if (/^Arguments\b/.test(reference.typeName.getText())) return { signature: bound[0] ?? signature, values, bound };
  const alias = checker.getSymbolAtLocation(reference.typeName)?.declarations?.[0];
  if (alias === undefined || !ts.isTypeAliasDeclaration(alias) || bound.length > 0) return undefined;
  const found = readArguments(alias.type, checker, [signature]);
  const names = alias.typeParameters?.map((node) => node.name.text) ?? [];
  return found && { ...found, bound: names.map((name, i) => [name, reference.typeArguments?.[i]]) };
}

/** The overloads of a constructor whose one rest parameter is `Arguments<signature, values>` or an alias of it; undefined for others. */
export function ctorForms(node, checker, inherits = false) {
  const [given] = node.parameters;
  const found = given?.dotDotDotToken && readArguments(given.type, checker);
  if (!found || (node.parent.typeParameters?.length > 0 && inherits)) return undefined;
  const text = checker.getTypeAtLocation(found.signature).value;
  if (text === undefined) throw new Error(`the signature in "${node.getText()}" must be one literal string`);
  const { leading, by } = parse(text);
  const substitute = (type) =>
    found.bound.reduce((done, [name, by]) => done.replace(new RegExp(`\\b${name}\\b`, "g"), () => by.getText()), type);
  const types = [found.values, ...found.bound.map(([, by]) => by)].map((by) => checker.getTypeAtLocation(by));
  const properties = types.flatMap((type) => (type.isLiteral() ? [] : checker.getPropertiesOfType(type)));
  const all = [...leading, ...by.map((name) => `${name}?`)].flatMap((name) => {
    const symbol = properties.find((property) => property.name === bare(name));
    if (symbol === undefined) return [];
    return [{ name: bare(name), type: substitute(typeText(symbol, node, checker)), isOptional: name.endsWith("?") }];
  });
  const values = substitute(found.values.getText());
  return overloads(all, 0, found.bound.length > 0 ? `(${values})` : values, properties.length > all.length, "");
}

/** A constructor as it is, without type parameters: those of its class are known there. */
export const constructForm = (signature, at, checker) =>
  plainForm(signature, 0, at, checker, "").replace(/^<[^(]*>/, "");
