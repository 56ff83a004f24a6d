/** The last steps on a graph: names for the outputs, and nothing in it that no output needs. */

import type { Graph } from "./graph";
import type { Written } from "./lower";
import type { Value } from "./types";

/** Gives each output its name; one that is an input, a parameter or another output gets a node of its own. */
export function nameOutputs({ graph, inputs, outputs }: Written, names: readonly string[]): Written {
  const produced = new Set(graph.nodes.flatMap((node) => node.outputs));
  const renamed = new Map<string, string>();
  graph.place = { path: "", line: "" };
  const finals = outputs.map((value, i): Value => {
    const name = names[i] ?? freeName(graph, outputs.length === 1 ? "output" : `output_${i}`);
    if (produced.has(value.name) && !renamed.has(value.name)) renamed.set(value.name, name);
    else {
      graph.add("Identity", [{ ...value, name: renamed.get(value.name) ?? value.name }]);
      graph.nodes.at(-1)!.outputs[0] = name;
    }
    return { ...value, name };
  });
  const change = (list: string[]): void => {
    for (let i = 0; i < list.length; i++) list[i] = renamed.get(list[i]!) ?? list[i]!;
  };
  for (const node of graph.nodes) {
    change(node.inputs);
    change(node.outputs);
  }
  return { graph, inputs, outputs: finals };
}

const freeName = (graph: Graph, name: string): string => graph.unique(name);

/** Drops nodes and initializers whose values no output needs, and nodes that only hand on a value. */
export function prune({ graph, outputs }: Written): void {
  skipIdentities(graph, new Set(outputs.map(({ name }) => name)));
  const needed = new Set(outputs.map(({ name }) => name));
  const kept = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    for (const name of node.inputs) needed.add(name);
    kept.push(node);
  }
  graph.nodes.splice(0, graph.nodes.length, ...kept.reverse());
  for (const name of [...graph.initializers.keys()]) if (!needed.has(name)) graph.initializers.delete(name);
}

function skipIdentities(graph: Graph, outputs: ReadonlySet<string>): void {
  const sources = new Map<string, string>();
  for (const node of graph.nodes) {
    for (let i = 0; i < node.inputs.length; i++) node.inputs[i] = sources.get(node.inputs[i]!) ?? node.inputs[i]!;
    if (node.type === "Identity" && !outputs.has(node.outputs[0]!)) sources.set(node.outputs[0]!, node.inputs[0]!);
  }
}
