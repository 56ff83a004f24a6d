/** Files that share a process leave the library as they found it. */
import * as torch from "kindling";
import { afterAll, beforeAll, expect } from "vitest";

const modes = () => ({
  dtype: torch.getDefaultDtype(),
  threads: torch.getNumThreads(),
  gradients: torch.isGradEnabled(),
  inference: torch.isInferenceModeEnabled(),
  deterministic: torch.areDeterministicAlgorithmsEnabled(),
  anomalies: torch.isAnomalyEnabled(),
});

let before: ReturnType<typeof modes>;
beforeAll(() => {
  // What a file draws does not depend on those before it.
  torch.manualSeed(0);
  before = modes();
});
afterAll(() => {
  expect(modes(), "the modes of the library after this file").toEqual(before);
});
