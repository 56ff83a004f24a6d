/** A rank: a worker thread that runs scenarios, one after the other. */
import { parentPort as port, workerData } from "node:worker_threads";
import { Double } from "./double.mjs";

const parentPort = /** @type {import("node:worker_threads").MessagePort} */ (port);
const { bundle, rank, size, shared } = workerData;
const torch = await import(bundle);
torch.setNumThreads(1);
const engine = new Double(shared, rank, size);
const group = await torch.distributed.__useEngine(engine, 20_000);

async function run({ scenarios, name, argument }) {
  try {
    const value = await (await import(scenarios))[name]({ torch, engine, group, rank, size, argument });
    return { value };
  } catch (error) {
    return { error: { name: error.name, message: error.message, stack: error.stack } };
  }
}

parentPort.on("message", async (task) => {
  const outcome = await run(task);
  parentPort.postMessage(outcome);
});
