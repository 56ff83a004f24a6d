/** Collects garbage, for tests that count memory: what earlier tests have left must not vanish between two readings. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export async function collect(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  // Finalizers run in tasks of their own.
  for (let i = 0; i < 3; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
