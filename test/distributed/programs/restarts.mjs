/** Run by every rank: trains a few steps with a checkpoint after each; rank 1 is killed in the first attempt if it is told so. Rank 0 prints the bits of the weights. */
const torch = await import(new URL("../../../dist/kindling.js", import.meta.url).href);
const { nn, optim } = torch;
const dist = torch.distributed;
const [folder, how] = process.argv.slice(2);
await dist.initProcessGroup({ timeout: 60 });
const [rank, size] = [dist.getRank(), dist.getWorldSize()];
torch.manualSeed(1);
const model = new nn.Linear(4, 3);
const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
const state = [/** @type {any} */ (null)];
const checkpoint = new torch.Checkpoint(folder, { model, optimizer });
if (rank === 0) {
  const found = await checkpoint.resume();
  state[0] = { step: found?.step ?? 0, model: model.stateDict(), optimizer: optimizer.stateDict() };
}
dist.broadcastObjectList(state);
if (rank > 0) {
  model.loadStateDict(state[0].model);
  optimizer.loadStateDict(state[0].optimizer);
}
for (let step = state[0].step; step < 6; step++) {
  const x = torch
    .arange(4 * size)
    .reshape(size, 4)
    .float()
    .narrow(0, rank, 1)
    .mul(0.1 * (step + 1))
    .sin();
  optimizer.zeroGrad();
  model(x).square().sum().backward();
  for (const p of model.parameters()) dist.allReduce(p.grad, { op: "avg" });
  optimizer.step();
  if (rank === 0) await checkpoint.save({ step: step + 1 });
  dist.barrier();
  if (how === "kill" && rank === 1 && step === 2 && process.env.KINDLING_RESTARTS === "0")
    process.kill(process.pid, "SIGKILL");
}
const bits = [...model.parameters()].flatMap((p) => [...new Int32Array(p.detach().toTypedArray().buffer)]);
if (rank === 0) process.stdout.write(`from step ${state[0].step}: ${bits.join(" ")}\n`);
