/** Run by every rank: makes groups smaller while all ranks are there. Each prints what it checked as one line. */
import assert from "node:assert";

const torch = await import(new URL("../../../dist/kindling.js", import.meta.url).href);
const { nn, distributed: dist } = torch;
torch.setNumThreads(1);
await dist.initProcessGroup({ timeout: 30 });
const [rank, size] = [dist.getRank(), dist.getWorldSize()];
const all = Array.from({ length: size }, (_, i) => i);
const last = size - 1;
const sumOf = (value, group) => {
  const x = torch.tensor([value]);
  dist.allReduce(x, { group });
  return x.item();
};
const sum = (list) => list.reduce((a, b) => a + b, 0);
const errorOf = (run) => {
  try {
    run();
    return "none";
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};

// A group that is not that of all ranks: its ranks keep their numbers.
const backwards = dist.newGroup();
const smaller = dist.shrinkGroup([0], { group: backwards });
assert.deepEqual(dist.getProcessGroupRanks(smaller), all.slice(1));
assert.equal(dist.getRank(smaller), rank - 1);
if (rank > 0) assert.equal(sumOf(rank, smaller), sum(all));
assert.match(
  errorOf(() => dist.barrier({ group: backwards })),
  /the group was destroyed, or shrinkGroup/,
);
assert.equal(sumOf(rank), sum(all));

// Ranks that do not agree.
const differing = errorOf(() => dist.shrinkGroup([rank === 0 ? 0 : last]));
assert.match(differing, /^DistBackendError: shrinkGroup\(\[\d\]\): the ranks do not agree: /);
assert.equal(sumOf(1), size);

// The group of all ranks: they are counted anew.
const model = new nn.parallel.DistributedDataParallel(new nn.Linear(3, 2));
const before = model(torch.ones(1, 3)).sum();
const works = [dist.allReduce(torch.ones(1 << 18), { asyncOp: true }), dist.barrier({ asyncOp: true })];
const world = dist.shrinkGroup([0]);
assert.deepEqual(
  works.map((work) => work.isSuccess()),
  [true, true],
);
assert.deepEqual([dist.getRank(), dist.getWorldSize()], rank === 0 ? [-1, -1] : [rank - 1, size - 1]);
assert.deepEqual(dist.getProcessGroupRanks(), all.slice(0, last));
assert.match(
  errorOf(() => model(torch.ones(1, 3)).sum().backward()),
  /^DistBackendError: .*shrinkGroup\(\) has made another group of the group \[0, .*make DistributedDataParallel/,
);
if (rank > 0) {
  assert.equal(sumOf(rank), sum(all));
  assert.equal(sumOf(1, world), last);
  const lists = [0, 1].map((at) =>
    Array.from({ length: last }, (_, i) => torch.tensor([at === 0 ? 0 : 10 * rank + i])),
  );
  dist.allToAll(...lists);
  assert.deepEqual(
    lists[0].map((x) => x.item()),
    all.slice(1).map((from) => 10 * from + rank - 1),
  );
  const values = all.slice(1).map(() => null);
  dist.allGatherObject(values, rank);
  assert.deepEqual(values, all.slice(1));
  const pair = dist.newGroup([last - 1]);
  if (rank === last) assert.equal(sumOf(7, pair), 7);
  // The old module's parameters, in the new group; the graph is of before.
  const again = new nn.parallel.DistributedDataParallel(model.module);
  again(torch.ones(1, 3)).sum().backward();
  assert.ok(model.module.weight.grad.sub(1).abs().max().item() < 1e-6);
  assert.ok(before.requiresGrad);
  dist.destroyProcessGroup();
  await dist.initProcessGroup();
  assert.equal(sumOf(rank), sum(all));
  dist.shrinkGroup();
  assert.equal(sumOf(rank), sum(all));
} else {
  assert.equal(dist.allReduce(torch.ones(1)), null);
  assert.match(
    errorOf(() => dist.newGroup()),
    /ValueError: newGroup: this process was left out/,
  );
  assert.match(
    errorOf(() => dist.shrinkGroup()),
    /ValueError: shrinkGroup: this process is not in the group/,
  );
}
console.log(`rank ${rank} of ${size} is done`);
