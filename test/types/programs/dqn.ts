/** Indexing, named results, lists of tensors: a DQN step, beam search, statistics. */
import * as torch from "kindling";

const { nn, optim } = torch;
const F = nn.functional;
type Tensor = torch.Tensor;

interface Transition {
  state: Tensor;
  action: Tensor;
  nextState: Tensor | null;
  reward: Tensor;
}

class DQN extends nn.Module {
  layer1: torch.nn.Linear;
  layer2: torch.nn.Linear;

  constructor(nObservations: number, nActions: number) {
    super();
    this.layer1 = new nn.Linear(nObservations, 16);
    this.layer2 = new nn.Linear(16, nActions);
  }

  forward(x: Tensor) {
    return this.layer2(F.relu(this.layer1(x)));
  }
}

export async function main() {
  torch.manualSeed(0);
  const policyNet = new DQN(4, 2);
  const targetNet = new DQN(4, 2);
  targetNet.loadStateDict(policyNet.stateDict());
  const optimizer = new optim.AdamW(policyNet.parameters(), { lr: 1e-4, amsgrad: true });
  const memory: Transition[] = Array.from({ length: 6 }, (_, i) => ({
    state: torch.rand(1, 4),
    action: policyNet(torch.rand(1, 4)).max(1)[1].view(1, 1),
    nextState: i === 3 ? null : torch.rand(1, 4),
    reward: torch.tensor([i]),
  }));
  const next = memory.map((t) => t.nextState).filter((s): s is Tensor => s !== null);
  const nonFinal = torch.tensor(
    memory.map((t) => t.nextState !== null),
    { dtype: torch.bool },
  );
  const stateBatch = torch.cat(memory.map((t) => t.state));
  const actionBatch = torch.cat(memory.map((t) => t.action));
  const rewardBatch = torch.cat(memory.map((t) => t.reward));
  const stateActionValues = policyNet(stateBatch).gather(1, actionBatch);
  const nextStateValues = torch.zeros(memory.length);
  torch.noGrad(() => {
    nextStateValues.setAt([nonFinal], targetNet(torch.cat(next)).max(1).values);
  });
  const expected = nextStateValues.mul(0.99).add(rewardBatch);
  const loss = new nn.SmoothL1Loss()(stateActionValues, expected.unsqueeze(1));
  optimizer.zeroGrad();
  loss.backward();
  nn.utils.clipGradValue_(policyNet.parameters(), 100);
  optimizer.step();

  const scores = torch.rand(3, 8);
  const { values, indices } = scores.topk(2, 1);
  const [sorted, order] = torch.sort(scores, 1, { descending: true });
  const best = scores.max(-1)[0];
  const [low, high] = torch.aminmax(scores);
  const [q, k, v] = scores.narrow(1, 0, 6).chunk(3, 1);
  const [left, right] = scores.split([3, 5], 1);
  const [a, b, c] = scores.unbind(0);
  const parts = torch.tensorSplit(scores, 2, 1);
  const rows: number[][] = scores.tolist();
  const top = rows.map((row) => Math.max(...row));
  const [U, S, Vh] = torch.linalg.svd(scores);
  const median = scores.median(1).values;
  const all = [values, sorted, best, q, k, v, left, right, a, b, c, parts[0], U, S, Vh, median, low, high];
  const [n, m] = scores.shape;
  return {
    loss: loss.item(),
    ndims: all.map((t) => t.ndim),
    order: [order.shape[1], indices.at(0, 0).item()],
    top,
    n,
    m,
  };
}
