/** Training steps of LeNet and of a GPT: what they ask of the GPU, and that their losses are those of the cpu, past the step from which on kernels share dispatches. */
import * as torch from "kindling";
import { describe, expect, it } from "vitest";
import { cut, cutNote } from "../../helpers/cut";
import { noGpu, onGpu } from "../../helpers/webgpu";
import { lenetFeatures } from "./training/training";

const { nn, optim } = torch;
const F = nn.functional;

type Tensor = torch.Tensor;

class LeNet extends nn.Module {
  features = lenetFeatures();
  classifier = new nn.Sequential(
    new nn.Flatten(),
    new nn.Linear(16 * 5 * 5, 120),
    new nn.ReLU(),
    new nn.Linear(120, 84),
    new nn.ReLU(),
    new nn.Linear(84, 10),
  );

  override forward(x: Tensor): Tensor {
    return this.classifier(this.features(x));
  }
}

const [WORDS, LENGTH, WIDTH, HEADS] = [24, 8, 16, 2];

class Gpt extends nn.Module {
  words = new nn.Embedding(WORDS, WIDTH);
  places = new nn.Parameter(torch.randn(LENGTH, WIDTH).mul(0.1));
  before = new nn.LayerNorm(WIDTH);
  qkv = new nn.Linear(WIDTH, 3 * WIDTH);
  project = new nn.Linear(WIDTH, WIDTH);
  after = new nn.LayerNorm(WIDTH);
  up = new nn.Linear(WIDTH, 4 * WIDTH);
  down = new nn.Linear(4 * WIDTH, WIDTH);
  head = new nn.Linear(WIDTH, WORDS, { bias: false });

  override forward(x: Tensor): Tensor {
    let y = this.words(x).add(this.places);
    const [q, k, v] = this.qkv(this.before(y))
      .split(WIDTH, 2)
      .map((part) => part.view(-1, LENGTH, HEADS, WIDTH / HEADS).transpose(1, 2)) as [Tensor, Tensor, Tensor];
    const seen = F.scaledDotProductAttention(q, k, v, { isCausal: true });
    y = y.add(this.project(seen.transpose(1, 2).reshape(-1, LENGTH, WIDTH)));
    y = y.add(this.down(F.gelu(this.up(this.after(y)))));
    return this.head(y).reshape(-1, WORDS);
  }
}

interface Program {
  readonly make: () => torch.nn.Module;
  readonly batch: () => readonly [Tensor, Tensor];
  readonly optimizer: (parameters: Iterable<torch.nn.Parameter>) => torch.optim.Optimizer;
}

const programs: Readonly<Record<string, Program>> = {
  GPT: {
    make: () => new Gpt(),
    batch: () => [torch.randint(0, WORDS, [2, LENGTH]), torch.randint(0, WORDS, [2 * LENGTH])],
    optimizer: (parameters) => new optim.AdamW(parameters, { lr: 0.003 }),
  },
  LeNet: {
    make: () => new LeNet(),
    batch: () => [torch.randn(4, 1, 28, 28), torch.randint(0, 10, [4])],
    optimizer: (parameters) => new optim.SGD(parameters, { lr: 0.02, momentum: 0.9 }),
  },
};

/** What a step took, beside its loss. */
interface Step {
  readonly loss: number;
  readonly counts: Record<string, number>;
}

/** Training steps; each call takes the next one. */
function trainer({ make, batch, optimizer: of }: Program, device: torch.Device): () => Promise<Step> {
  torch.manualSeed(0);
  const model = make().to(device) as unknown as torch.nn.Module & ((x: Tensor) => Tensor);
  const [x, y] = batch().map((tensor) => tensor.to(device)) as [Tensor, Tensor];
  const optimizer = of(model.parameters());
  return async () => {
    const before = torch.webgpu.counts();
    const loss = torch.tidy(() => {
      const value = F.crossEntropy(model(x), y);
      optimizer.zeroGrad();
      value.backward();
      optimizer.step();
      return value.detach();
    });
    const value = await loss.itemAsync();
    loss.dispose();
    const after = torch.webgpu.counts();
    const counts = Object.entries(after).map(([name, count]) => [name, count - before[name as "reads"]]);
    return { loss: value, counts: Object.fromEntries(counts) };
  };
}

describe.skipIf(noGpu !== undefined)(`what a training step asks of the GPU ${onGpu}${cutNote}`, () => {
  it.each(cut(Object.entries(programs), 2))("%s", { timeout: 120_000 }, async (name, program) => {
    const [next, onCpu] = [trainer(program, "webgpu"), trainer(program, "cpu")];
    const steps: Step[] = [];
    for (let i = 0; i < 8; i++) steps.push(await next());
    // What a profile counts as ops: those that the program and backward call, views among them.
    const profile = await torch.profiler.profile(next);
    const ops = profile.events().filter(({ kind }) => kind === "op").length;
    console.log(`${name}: ${ops} ops; a step: ${JSON.stringify(steps.at(-1)!.counts)}`);
    for (const [i, { loss, counts }] of steps.entries()) {
      // Kernels share a dispatch once they have followed one another twice, which is long past when this ends.
      expect(Math.abs(loss - (await onCpu()).loss), `step ${i}`).toBeLessThan(1e-4);
      if (i < 2) continue;
      expect(counts).toMatchObject({ buffersCreated: 0, reads: 1, bytesRead: 4, bytesWritten: 0 });
      expect(counts.submits).toBeLessThanOrEqual(3);
      if (i < 4) continue;
      expect(counts.dispatches).toBeLessThanOrEqual(ops / 2);
      expect(counts).toEqual(steps.at(-1)!.counts);
    }
    expect(steps.at(-1)!.counts.kernels).toBe(0);
    expect(steps.at(-1)!.loss).toBeLessThan(steps[0]!.loss);
  });
});
