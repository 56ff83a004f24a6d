/** Every op of the table over every dtype, and with operands of two dtypes. */
import { describe, it } from "vitest";
import { checkDTypes, checkMixtures } from "./dtypes";
import { linalg } from "./samples/linalg";
import { samples, table } from "./table";

const tested = [...table].filter(([name, op]) => op.entry !== undefined || name in samples);

describe("dtypes", () => {
  it.each(tested)("%s answers or refuses operands of every dtype", (name, op) => checkDTypes(name, op, samples[name]));

  const mixed = tested.filter(([name]) => !(name in linalg));
  it.each(mixed)("%s answers or refuses operands of two dtypes", (name, op) => checkMixtures(name, op, samples[name]));
});
