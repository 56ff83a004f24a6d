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

let computed = 0;
// The gradient that backward computes last.
net.conv1.weight.registerHook(() => {
  computed = performance.now();
});

/** A step in milliseconds, and how much of it was after the last gradient had been computed: what the step waits for the reduction. */
function timed(body) {
  optimizer.zeroGrad();
  dist.barrier();
  const start = performance.now();
  torch.tidy(() => body());
  const end = performance.now();
  return { step: end - start, wait: end - computed };
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
const times = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
for (let i = 0; i < rounds; i++) for (const [kind, body] of Object.entries(kinds)) times[kind].push(timed(body));

const middle = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const least = (list) => Math.min(...list);
if (dist.getRank() === 0) {
  const both = (number) => [least, middle].map(number);
  const pick = (kind, what, of) => of(times[kind].map((time) => time[what]));
  const text = (numbers, digits = 0) => numbers.map((number) => number.toFixed(digits)).join(" / ");
  const above = (kind, of) => pick(kind, "step", of) - pick("alone", "step", of);
  console.log("gradients reduced   step, ms (min / median)   waited after backward   step above a step alone");
  for (const kind of Object.keys(kinds)) {
    const step = text(both((of) => pick(kind, "step", of)));
    const wait = text(both((of) => pick(kind, "wait", of)));
    const more = kind === "alone" ? "" : text(both((of) => above(kind, of)));
    console.log(`${kind.padEnd(20)}${step.padEnd(26)}${wait.padEnd(24)}${more}`);
  }
  const waited = text(
    both((of) => pick("during", "wait", of) / pick("after", "wait", of)),
    2,
  );
  const longer = text(
    both((of) => above("during", of) / above("after", of)),
    2,
  );
  console.log(`exposed communication, during : after = ${waited} (what backward is slowed down included: ${longer})`);
}
dist.destroyProcessGroup();
