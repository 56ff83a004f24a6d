/** A rank: a worker thread that runs a scenario. */
import { parentPort, workerData } from "node:worker_threads";
import { Double } from "./double.mjs";

const { bundle, scenarios, name, rank, size, shared, argument } = workerData;
const torch = await import(bundle);
torch.setNumThreads(1);
const parts = await torch.__loadParallel();
const engine = new Double(shared, rank, size);
const group = new parts.ProcessGroup(
  engine,
  0,
  Array.from({ length: size }, (_, i) => i),
  20_000,
);
parts.setWorld(group);
try {
  const value = await (await import(scenarios))[name]({ torch, parts, engine, group, rank, size, argument });
  parentPort.postMessage({ value });
} catch (error) {
  parentPort.postMessage({ error: { name: error.name, message: error.message, stack: error.stack } });
}
