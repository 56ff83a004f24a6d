/** Resolves the names of a graph once, so that runs are over lists. */
import { FormatError } from "../../core/errors";
import type {
  AttributeProto,
  FunctionProto,
  GraphProto,
  NodeProto,
  OperatorSetIdProto,
  TensorProto,
} from "../proto/onnx_pb";
import { Attributes } from "./attributes";
import type { Entry } from "./entry";
import { Body, type Origin, type Step } from "./plan";
import type { readTensor } from "./tensors";

/** Nodes of a model with its functions expanded. */
const MOST_NODES = 200_000;
/** Functions that call each other. */
const DEEPEST = 64;

/** What the parts of a model share while it is resolved. */
export interface Library {
  /** What errors call the model. */
  readonly file: string;
  find(domain: string, op: string): Entry | undefined;
  readonly functions: ReadonlyMap<string, FunctionProto>;
  /** The state of the module that an initializer becomes. */
  initializer(proto: TensorProto, graph: GraphProto): Origin;
  /** Told of every node that reads an initializer. */
  used(origin: Origin, entry: Entry, input: number): void;
  readonly count: { nodes: number; depth: number };
}

/** What a node's graph needs to know of the function that it is in. */
export interface Surroundings {
  readonly versions: ReadonlyMap<string, number>;
  /** The attributes of a call, to which those inside refer. */
  readonly bindings: ReadonlyMap<string, AttributeProto> | undefined;
}

const normal = (domain: string | undefined): string => (domain === "ai.onnx" ? "" : (domain ?? ""));

export const keyOf = (domain: string | undefined, op: string): string => `${normal(domain)}:${op}`;

export const versionsOf = (sets: readonly OperatorSetIdProto[]): Map<string, number> =>
  new Map(sets.map(({ domain, version }) => [normal(domain), Number(version ?? 1n)]));

/** The places of a graph's values. */
class Scope {
  readonly places = new Map<string, number>();
  readonly captures: [own: number, outer: number][] = [];
  readonly origins = new Map<number, Origin>();
  size = 0;

  constructor(
    readonly where: string,
    readonly outer: Scope | undefined,
  ) {}

  add(name: string): number {
    if (this.places.has(name))
      throw new FormatError(`${this.where}: two values have the name "${name}": the file is damaged`);
    this.places.set(name, this.size);
    return this.size++;
  }

  /** The place of a value of this graph, or of one around it, which is captured. */
  find(name: string): number | undefined {
    const own = this.places.get(name);
    if (own !== undefined) return own;
    const outer = this.outer?.find(name);
    if (outer === undefined) return undefined;
    const place = this.add(name);
    this.captures.push([place, outer]);
    const origin = this.outer!.origins.get(outer);
    if (origin !== undefined) this.origins.set(place, origin);
    return place;
  }
}

/** A body, and the names from around it that it reads. */
interface Compiled {
  readonly body: Body;
  readonly captures: readonly number[];
}

/** Resolves a graph. @throws FormatError for unknown ops, missing values and circles. */
export function compileGraph(graph: GraphProto, library: Library, around: Surroundings, outer?: Scope): Compiled {
  const scope = new Scope(`${library.file}, graph "${graph.name ?? ""}"`, outer);
  const initial = new Map<string, TensorProto>();
  for (const proto of graph.initializer) initial.set(proto.name ?? "", proto);
  if (graph.sparseInitializer.length > 0)
    throw new FormatError(`${scope.where}: sparse initializers are not supported; write them as dense ones`);
  const inputs = graph.input.map(({ name = "" }) => name);
  for (const name of inputs) scope.add(name);
  const origins: [number, Origin][] = [];
  for (const [name, proto] of initial) {
    const place = scope.places.get(name) ?? scope.add(name);
    const origin = library.initializer(proto, graph);
    scope.origins.set(place, origin);
    origins.push([place, origin]);
  }
  const required = outer === undefined ? inputs.filter((name) => !initial.has(name)) : inputs;
  const outputs = graph.output.map(({ name = "" }) => name);
  return finish(scope, library, around, required, outputs, graph.node, origins);
}

/** Resolves the body of a function for one call of it. */
function compileFunction(
  { input, output, node, opsetImport, attributeProto, name }: FunctionProto,
  library: Library,
  around: Surroundings,
  given: readonly AttributeProto[],
): Body {
  const scope = new Scope(`${library.file}, function "${name ?? ""}"`, undefined);
  for (const each of input) scope.add(each);
  const bindings = new Map([...attributeProto, ...given].map((attribute) => [attribute.name ?? "", attribute]));
  const versions = opsetImport.length > 0 ? new Map([...around.versions, ...versionsOf(opsetImport)]) : around.versions;
  return finish(scope, library, { versions, bindings }, input, output, node, []).body;
}

function finish(
  scope: Scope,
  library: Library,
  around: Surroundings,
  inputs: readonly string[],
  outputs: readonly string[],
  nodes: readonly NodeProto[],
  origins: [number, Origin][],
): Compiled {
  const sorted = inOrder(scope, nodes);
  const steps: Omit<Step, "free">[] = [];
  const reads: (readonly number[])[] = [];
  for (const [i, node] of sorted.entries()) {
    const built = buildStep(node, i, scope, library, around);
    if (built.constant !== undefined) {
      const { constant } = built;
      origins.push([built.step.outputs[0]!, () => constant]);
    } else {
      steps.push(built.step);
      reads.push([...built.step.inputs, ...built.captured]);
    }
  }
  const results = outputs.map((name) => placeOf(scope, name, "an output"));
  return {
    body: new Body(
      scope.size,
      inputs.map((name) => scope.places.get(name)!),
      results,
      scope.captures,
      origins,
      withEnds(steps, reads, results),
    ),
    captures: scope.captures.map(([, outer]) => outer),
  };
}

function placeOf(scope: Scope, name: string, what: string): number {
  const place = scope.find(name);
  if (place === undefined) throw new FormatError(`${scope.where}: ${what} reads "${name}", which no node writes`);
  return place;
}

/** Says for every node which values nobody reads afterwards. */
function withEnds(
  steps: readonly Omit<Step, "free">[],
  reads: readonly (readonly number[])[],
  results: readonly number[],
): Step[] {
  const last = new Map<number, number>();
  for (const [i, step] of steps.entries())
    for (const place of [...reads[i]!, ...step.outputs]) if (place >= 0) last.set(place, i);
  for (const place of results) last.delete(place);
  const free: number[][] = steps.map(() => []);
  for (const [place, i] of last) free[i]!.push(place);
  return steps.map((step, i) => ({ ...step, free: free[i]! }));
}

/** The nodes such that each comes after those whose outputs it reads, as the format asks for and few writers fail to do. */
function inOrder(scope: Scope, nodes: readonly NodeProto[]): readonly NodeProto[] {
  const writer = new Map<string, number>();
  for (const [i, node] of nodes.entries()) for (const name of node.output) if (name !== "") writer.set(name, i);
  const needs = nodes.map((node) => [...readNames(node)].flatMap((name) => writer.get(name) ?? []));
  if (needs.every((list, i) => list.every((j) => j < i))) return nodes;
  const waiting = needs.map((list) => list.length);
  const readers: number[][] = nodes.map(() => []);
  for (const [i, list] of needs.entries()) for (const j of list) readers[j]!.push(i);
  const order = waiting.flatMap((count, i) => (count === 0 ? [i] : []));
  for (let at = 0; at < order.length; at++)
    for (const i of readers[order[at]!]!) if (--waiting[i]! === 0) order.push(i);
  if (order.length < nodes.length) {
    const node = nodes[waiting.findIndex((count) => count > 0)]!;
    throw new FormatError(
      `${scope.where}: node "${node.name ?? ""}" (${node.opType}) needs its own output: the nodes form a circle`,
    );
  }
  return order.map((i) => nodes[i]!);
}

/** The names that a node and its graphs read; those that the graphs write themselves may be among them. */
function* readNames(node: NodeProto): Iterable<string> {
  yield* node.input;
  for (const { g, graphs } of node.attribute)
    for (const graph of g === undefined ? graphs : [g]) {
      const own = new Set([
        ...graph.input.map(({ name }) => name),
        ...graph.initializer.map(({ name }) => name),
        ...graph.node.flatMap(({ output }) => output),
      ]);
      for (const inner of graph.node) for (const name of readNames(inner)) if (!own.has(name)) yield name;
      for (const { name } of graph.output) if (name !== undefined && !own.has(name)) yield name;
    }
}

interface Built {
  readonly step: Omit<Step, "free">;
  /** Places that the node's graphs read. */
  readonly captured: readonly number[];
  /** The value of a node that always gives the same. */
  readonly constant?: ReturnType<typeof readTensor>;
}

function buildStep(node: NodeProto, i: number, scope: Scope, library: Library, around: Surroundings): Built {
  if (++library.count.nodes > MOST_NODES)
    throw new FormatError(`${library.file}: has more than ${MOST_NODES} nodes, its functions expanded`);
  const op = node.opType ?? "";
  const where = `${library.file}, node "${node.name || i}" (${op})`;
  const list = node.attribute.flatMap((attribute) => bound(attribute, around));
  const inputs = node.input.map((name) =>
    name === "" ? -1 : placeOf(scope, name, `node "${node.name || i}" (${op})`),
  );
  const bodies = new Map<string, Body>();
  const captured: number[] = [];
  for (const { name = "", g } of list)
    if (g !== undefined) {
      const compiled = compileGraph(g, library, around, scope);
      bodies.set(name, compiled.body);
      captured.push(...compiled.captures);
    }
  const entry = entryOf(node, where, library, around, list);
  const outputs = node.output.map((name) => (name === "" ? -1 : scope.add(name)));
  for (const [k, place] of inputs.entries()) {
    const origin = scope.origins.get(place);
    if (origin !== undefined) library.used(origin, entry, k);
  }
  const attributes = new Attributes(where, list, bodies);
  const version = around.versions.get(normal(node.domain)) ?? 1;
  const step = { where, entry, version, inputs, outputs, attributes };
  const constant =
    op === "Constant" && entry.name === "Constant" && outputs.length > 0 && outputs[0]! >= 0
      ? attributes.tensor("value")
      : undefined;
  return constant === undefined ? { step, captured } : { step, captured, constant };
}

/** An attribute with the value of the call that it refers to; left out where the call has none. */
function bound(attribute: AttributeProto, { bindings }: Surroundings): AttributeProto[] {
  if (!attribute.refAttrName) return [attribute];
  const value = bindings?.get(attribute.refAttrName);
  return value === undefined ? [] : [{ ...value, name: attribute.name }];
}

function entryOf(
  node: NodeProto,
  where: string,
  library: Library,
  around: Surroundings,
  given: readonly AttributeProto[],
): Entry {
  const op = node.opType ?? "";
  const own = library.functions.get(keyOf(node.domain, op));
  if (own !== undefined) return callOf(own, library, around, given);
  const entry = library.find(normal(node.domain), op);
  if (entry === undefined)
    throw new FormatError(
      `${where}: the operator ${node.domain ? `${node.domain}.` : ""}${op} is not supported; see docs/onnx.md for those that are`,
    );
  return entry;
}

/** The call of a function of the model's own, as an op. */
function callOf(own: FunctionProto, library: Library, around: Surroundings, given: readonly AttributeProto[]): Entry {
  if (++library.count.depth > DEEPEST)
    throw new FormatError(
      `${library.file}: the function "${own.name ?? ""}" calls itself, or functions are nested too deeply`,
    );
  const body = compileFunction(own, library, around, given);
  library.count.depth--;
  return { name: own.name ?? "", unsigned: "itself", run: (c) => body.run(c.inputs, c.mode) };
}
