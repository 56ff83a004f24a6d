/** What forms ask of their arguments. */
import type { Value } from "../types";

/** Whether an argument is a tensor of the graph. */
export const isValue = (x: unknown): x is Value => typeof x === "object" && x !== null && "name" in x;
