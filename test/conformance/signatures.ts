/** PyTorch's signatures, as its documentation and its operator schemas write them, and the binding of a call to them. */
import { PyFloat } from "./values";

/** A parameter of a PyTorch function. */
export interface TorchParameter {
  readonly name: string;
  /** The default as written in Python; undefined if the parameter is required. */
  readonly fallback: string | undefined;
  readonly keywordOnly: boolean;
  /** `*tensors`. */
  readonly variadic: boolean;
  /** The type that a schema or an annotation states. */
  readonly type: string | undefined;
}

export interface TorchSignature {
  /** The last part of the name. */
  readonly name: string;
  readonly parameters: readonly TorchParameter[];
}

/** An argument with the parameter that it belongs to, in PyTorch's order. */
export interface BoundArgument {
  readonly name: string;
  readonly value: unknown;
  /** Position among the positional parameters; undefined if it can only be given by name. */
  readonly position: number | undefined;
  readonly isDefault: boolean;
}

/** Splits at commas that are not inside brackets or quotes. */
function splitTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = "";
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quote) quote = c === quote ? "" : quote;
    else if (c === '"' || c === "'") quote = c;
    else if ("([{".includes(c)) depth++;
    else if (")]}".includes(c)) depth--;
    else if (c === "," && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...parts, text.slice(start)].map((part) => part.trim()).filter((part) => part !== "");
}

/** The text between the first bracket and the one that closes it. */
function argumentText(text: string): string {
  const open = text.indexOf("(");
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === "(") depth++;
    else if (text[i] === ")" && --depth === 0) return text.slice(open + 1, i);
  }
  return text.slice(open + 1);
}

function parseParameter(text: string, keywordOnly: boolean, isSchema: boolean): TorchParameter {
  const [left, ...right] = text.split("=");
  const fallback = right.length > 0 ? right.join("=").trim() : undefined;
  const variadic = left!.startsWith("*");
  const declared = left!.replace(/^\*+/, "").trim();
  if (isSchema) {
    const space = declared.lastIndexOf(" ");
    return { name: declared.slice(space + 1), fallback, keywordOnly, variadic, type: declared.slice(0, space) };
  }
  const [name, type] = declared.split(":");
  return { name: name!.trim().split(" ").at(-1)!, fallback, keywordOnly, variadic, type: type?.trim() };
}

/**
 * Parses `add(input, other, *, alpha=1, out=None) -> Tensor`, `Tensor.add(other)` or a schema such as
 * `aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor`. The receiver, mostly the first parameter, is
 * called `input`.
 */
export function parseSignature(text: string): TorchSignature {
  const isSchema = text.includes("::");
  const full = text.slice(0, text.indexOf("(")).trim();
  const name = (isSchema ? full.split("::")[1]!.split(".")[0]! : full.split(".").at(-1)!).trim();
  const parameters: TorchParameter[] = [];
  let keywordOnly = false;
  for (const part of splitTop(argumentText(text))) {
    if (part === "*" || part === "\\*") keywordOnly = true;
    else if (!part.startsWith("**")) parameters.push(parseParameter(part, keywordOnly, isSchema));
  }
  const receiver = { name: "input", fallback: undefined, keywordOnly: false, variadic: false, type: "Tensor" };
  if (full.startsWith("Tensor.") && parameters[0]?.name !== "input") parameters.unshift(receiver);
  const self = parameters.findIndex((parameter) => parameter.name === "self");
  if (self >= 0) parameters[self] = { ...parameters[self]!, name: "input" };
  return { name, parameters };
}

/** The value of a default written in Python; undefined if it is not a literal. */
export function literal(text: string): unknown {
  const plain = text.trim();
  if (plain === "None") return null;
  if (plain === "True" || plain === "False") return plain === "True";
  if (/^[-+0-9.e]+$/i.test(plain)) return Number(plain);
  if (/^(['"]).*\1$/.test(plain)) return plain.slice(1, -1);
  if (/^[([].*[)\]]$/.test(plain)) return splitTop(plain.slice(1, -1)).map(literal);
  return undefined;
}

/** Whether a plain value is the parameter's default; tensors and the like never are. */
function isDefault({ fallback }: TorchParameter, value: unknown): boolean {
  if (fallback === undefined) return false;
  const known = literal(fallback);
  if (Array.isArray(value) && Array.isArray(known))
    return value.length === known.length && value.every((item, i) => item === known[i]);
  return (value instanceof PyFloat ? value.value : value) === known;
}

/** Whether a parameter of this type may hold a tensor; unknown types may. */
const takesTensor = (type: string | undefined): boolean => type === undefined || /Tensor|Scalar|^None$/.test(type);

/** Names that hold numbers by PyTorch's convention, for signatures that state no types. */
const numericNames = new Set(["dim", "dims", "k", "p", "keepdim", "unbiased", "diagonal", "size", "shape"]);

/**
 * The arguments of a call by parameter, or undefined if the signature does not fit the call.
 * @param isTensor Tells tensors from other values, since overloads differ by them.
 */
export function bind(
  { parameters }: TorchSignature,
  positional: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
  isTensor: (value: unknown) => boolean,
): BoundArgument[] | undefined {
  const slots = parameters.filter((parameter) => !parameter.keywordOnly);
  const values = new Map<TorchParameter, unknown>();
  for (let i = 0; i < positional.length; i++) {
    const slot = slots[i];
    if (slot === undefined) return undefined;
    if (slot.variadic) {
      const rest = positional.slice(i);
      values.set(slot, rest.length === 1 && Array.isArray(rest[0]) ? rest[0] : rest);
      break;
    }
    values.set(slot, positional[i]);
  }
  for (const [name, value] of Object.entries(named)) {
    const slot = parameters.find((parameter) => parameter.name === name);
    if (slot === undefined || values.has(slot)) return undefined;
    values.set(slot, value);
  }
  const required = parameters.some(
    (parameter) => parameter.fallback === undefined && !parameter.variadic && !values.has(parameter),
  );
  const typed = [...values].every(([parameter, value]) => fits(parameter, value, isTensor));
  if (required || !typed) return undefined;
  return [...values].map(([parameter, value]) => {
    const index = slots.indexOf(parameter);
    return {
      name: parameter.name,
      value,
      position: index < 0 ? undefined : index,
      isDefault: isDefault(parameter, value),
    };
  });
}

function fits(parameter: TorchParameter, value: unknown, isTensor: (value: unknown) => boolean): boolean {
  if (isTensor(value)) return takesTensor(parameter.type) && !numericNames.has(parameter.name);
  return !(parameter.type === "Tensor" && (typeof value === "number" || Array.isArray(value)));
}
