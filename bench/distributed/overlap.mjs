/**
 * One rank of the measurement of overlap: steps of ResNet-18 whose gradients are reduced after backward or while it runs, in turn. Started by `hosts.mjs`, or by
 * `mpirun -n 2 node bench/distributed/overlap.mjs`.
 */
import * as torch from "../../dist/kindling.js";

const { distributed: dist, nn } = torch;
const rounds = Number(process.env.ROUNDS ?? 5);
const [batch, size] = [Number(process.env.BATCH ?? 16), Number(process.env.IMAGE ?? 64)];

torch.setNumThreads(1);
await dist.initProcessGroup({ timeout: 300 });
const net = torch.vision.models.resnet18({ numClasses: 10 });
const model = new nn.parallel.DistributedDataParallel(net, { gradientAsBucketView: true, broadcastBuffers: false });
const optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
const images = torch.randn(batch, 3, size, size);
const labels = torch.randint(0, 10, [batch]);
const backward = () => nn.functional.crossEntropy(model(images), labels).backward();

/** A step in milliseconds, and how much of it was after backward. */
function timed(body) {
  optimizer.zeroGrad();
  dist.barrier();
  const start = performance.now();
  torch.tidy(() => body());
  return performance.now() - start;
}

const kinds = {
  alone: () => model.noSync(backward),
  after: () => {
    model.noSync(backward);
    const flat = torch.cat(model.parameters().map((param) => param.grad.flatten()));
    dist.allReduce(flat);
    flat.div_(dist.getWorldSize());
    let offset = 0;
    torch.noGrad(() => {
      for (const { grad } of model.parameters()) {
        grad.copy_(flat.narrow(0, offset, grad.numel()).view(grad.shape));
        offset += grad.numel();
      }
    });
  },
  during: backward,
};

for (let i = 0; i < 2; i++) for (const body of Object.values(kinds)) timed(body);
const times = { alone: [], after: [], during: [] };
for (let i = 0; i < rounds; i++) for (const [kind, body] of Object.entries(kinds)) times[kind].push(timed(body));

const middle = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
if (dist.getRank() === 0) {
  const rows = Object.entries(times).map(([kind, list]) => [kind, Math.min(...list), middle(list)]);
  const exposed = (kind, of) => of(times[kind]) - of(times.alone);
  const least = (list) => Math.min(...list);
  console.log("gradients reduced   step ms (min / median)   above a step alone (min / median)");
  for (const [kind, min, median] of rows) {
    const more = [least, middle].map((of) => exposed(kind, of).toFixed(0)).join(" / ");
    console.log(
      `${kind.padEnd(20)}${`${min.toFixed(0)} / ${median.toFixed(0)}`.padEnd(25)}${kind === "alone" ? "" : more}`,
    );
  }
  const ratio = [least, middle].map((of) => (exposed("during", of) / exposed("after", of)).toFixed(2)).join(" / ");
  console.log(`exposed communication, during : after = ${ratio}`);
}
dist.destroyProcessGroup();
