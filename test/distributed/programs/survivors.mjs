/**
 * Run by every rank: trains a small LeNet with DistributedDataParallel, in which ranks die as the argument says; those that are left go on. Each prints what came
 * of it as one line.
 */
import { createHash } from "node:crypto";

const torch = await import(new URL("../../../dist/kindling.js", import.meta.url).href);
const { nn, optim, distributed: dist } = torch;
const F = nn.functional;
const [how = "none"] = process.argv.slice(2);
const STEPS = 12;
torch.setNumThreads(1);
await dist.initProcessGroup({ timeout: 30 });
const first = dist.getRank();
torch.manualSeed(first);

const net = new nn.Sequential(
  new nn.Conv2d(1, 6, 5, { padding: 2 }),
  new nn.ReLU(),
  new nn.MaxPool2d(2),
  new nn.Conv2d(6, 16, 5),
  new nn.ReLU(),
  new nn.Flatten(),
  new nn.Linear(16 * 16, 84),
  new nn.ReLU(),
  new nn.Linear(84, 10),
);
const optimizer = new optim.SGD(net.parameters(), { lr: 0.02, momentum: 0.9 });
const wrap = () => new nn.parallel.DistributedDataParallel(net, { bucketCapMb: how === "between" ? 25 : 0.05 });
const die = () => process.kill(process.pid, "SIGKILL");

let model = wrap();
const old = { group: how === "none" ? null : dist.newGroup(), model };
const report = { first, lost: /** @type {number[][]} */ ([]), said: "", later: "", seconds: 0 };
let step = 0;
/** @type {any[]} */
const losses = [];

/** What all ranks go on with is what rank 0 has; the parameters are sent by DistributedDataParallel. */
function agree() {
  const state = [{ step, optimizer: optimizer.stateDict() }];
  dist.broadcastObjectList(state);
  step = state[0].step;
  optimizer.loadStateDict(state[0].optimizer);
}

function train() {
  const generator = new torch.Generator().manualSeed(100 * step + dist.getRank());
  const x = torch.randn(8, 1, 16, 16, { generator });
  const y = torch.randint(0, 10, [8], { generator });
  optimizer.zeroGrad();
  const loss = F.crossEntropy(model(x), y);
  // In the midst of a step, after other ranks have begun to communicate.
  if ((how === "middle" || how === "during") && first === 1 && step === 5) die();
  if (how === "two" && ((first === 0 && step === 3) || (first === 2 && step === 7))) die();
  // Between a forward and its backward, while much data is under way.
  if (how === "large") {
    const works = [1, 2].map(() => dist.allReduce(torch.ones(1 << 20), { asyncOp: true }));
    if (first === 1 && step === 5) die();
    for (const work of works) work.wait();
  }
  loss.backward();
  if (how === "between" && first === 2 && step === 5) die();
  optimizer.step();
  losses.push(loss.item());
  step++;
}

function goOn(error) {
  const since = performance.now();
  report.lost.push(error.ranks);
  report.said = error.message;
  try {
    dist.barrier();
  } catch (again) {
    report.later = `${again.name}: ${again.message}`;
  }
  // One more dies while the others make their group.
  if (how === "during" && first === 3) die();
  dist.shrinkGroup();
  model = wrap();
  agree();
  report.seconds = Math.max(report.seconds, (performance.now() - since) / 1000);
}

while (step < STEPS) {
  try {
    train();
  } catch (error) {
    if (!(error instanceof dist.RankLostError)) throw error;
    goOn(error);
  }
}

const errorOf = (run) => {
  try {
    run();
    return "none";
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};
const hash = createHash("sha256");
for (const p of net.parameters()) hash.update(p.detach().toTypedArray());
const even = dist.newGroup([0]);
const sum = torch.ones(1);
dist.allReduce(sum, { group: even });
console.log(
  JSON.stringify({
    ...report,
    rank: dist.getRank(),
    size: dist.getWorldSize(),
    bits: hash.digest("hex"),
    falls: losses.at(-1) < losses[0],
    sum: sum.item(),
    group: old.group === null ? "" : errorOf(() => dist.barrier({ group: old.group })),
    model:
      old.model === model
        ? ""
        : errorOf(() =>
            old
              .model(torch.zeros(1, 1, 16, 16))
              .sum()
              .backward(),
          ),
  }),
);
