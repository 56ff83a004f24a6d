/** The attributes of a node, by name and of the kind that an op asks for. */
import { FormatError } from "../../core/errors";
import type { Tensor } from "../../tensor/tensor";
import { type AttributeProto, AttributeProto_AttributeType as Kind } from "../proto/onnx_pb";
import { readTensor, textOf } from "./tensors";
import type { Subgraph } from "./types";
import type { Strings } from "./values";

/** Reads attributes, and remembers tensors and graphs, which are made once. */
export class Attributes {
  private readonly byName = new Map<string, AttributeProto>();
  private readonly made = new Map<string, unknown>();

  constructor(
    private readonly where: string,
    list: readonly AttributeProto[],
    private readonly bodies: ReadonlyMap<string, Subgraph>,
  ) {
    for (const attribute of list) this.byName.set(attribute.name ?? "", attribute);
    // Here, since what is made while an op runs does not outlive it.
    for (const { name = "", t } of list) if (t !== undefined) this.made.set(name, readTensor(t, where));
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  get names(): string[] {
    return [...this.byName.keys()];
  }

  private fail(name: string, kind: string): never {
    throw new FormatError(
      this.byName.has(name)
        ? `${this.where}: the attribute "${name}" is no ${kind}`
        : `${this.where}: the attribute "${name}" is missing`,
    );
  }

  int(name: string, fallback?: number): number {
    const attribute = this.byName.get(name);
    if (attribute === undefined && fallback !== undefined) return fallback;
    if (attribute?.i !== undefined) return Number(attribute.i);
    const isInteger = attribute?.type === undefined || attribute.type === Kind.INT;
    return isInteger ? this.zero(name) : this.fail(name, "integer");
  }

  /** What a writer leaves out that leaves out zeros. */
  private zero(name: string): number {
    return this.byName.has(name) ? 0 : this.fail(name, "number");
  }

  flag(name: string, fallback = false): boolean {
    return this.int(name, fallback ? 1 : 0) !== 0;
  }

  float(name: string, fallback?: number): number {
    const attribute = this.byName.get(name);
    if (attribute === undefined && fallback !== undefined) return fallback;
    return Number(attribute?.f ?? attribute?.i ?? this.zero(name));
  }

  ints(name: string): number[] | undefined {
    const attribute = this.byName.get(name);
    if (attribute === undefined) return undefined;
    if (attribute.ints.length === 0 && attribute.i !== undefined) return [Number(attribute.i)];
    return attribute.ints.map(Number);
  }

  floats(name: string): number[] | undefined {
    return this.byName.get(name)?.floats;
  }

  string(name: string, fallback?: string): string {
    const attribute = this.byName.get(name);
    if (attribute === undefined && fallback !== undefined) return fallback;
    if (attribute?.s === undefined) return attribute?.type === Kind.STRING ? "" : this.fail(name, "text");
    return textOf(attribute.s);
  }

  strings(name: string): string[] | undefined {
    return this.byName.get(name)?.strings.map(textOf);
  }

  tensor(name: string): Tensor | Strings | undefined {
    return this.byName.get(name)?.t === undefined ? undefined : (this.made.get(name) as Tensor | Strings);
  }

  /** The code of an element type, at any depth of a `TypeProto`. */
  typeProto(name: string) {
    return this.byName.get(name)?.tp;
  }

  body(name: string): Subgraph {
    return this.bodies.get(name) ?? this.fail(name, "graph");
  }
}
