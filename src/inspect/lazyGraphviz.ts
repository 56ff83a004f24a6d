/** Graphviz in WebAssembly, loaded with the first graph that is drawn. */
import { instance } from "@viz-js/viz";

let graphviz: ReturnType<typeof instance> | undefined;

/** A graph in Graphviz's language as SVG. */
export async function drawSvg(source: string): Promise<string> {
  graphviz ??= instance();
  return (await graphviz).renderString(source, { format: "svg" });
}
