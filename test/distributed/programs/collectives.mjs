/** Run by every rank: all collectives, of all dtypes, against values that each rank computes for itself. Prints how many checks it made. */
import assert from "node:assert/strict";

const torch = await import(new URL("../../../dist/kindling.js", import.meta.url).href);
const dist = torch.distributed;

assert.throws(() => dist.getRank(), /getRank: Default process group has not been initialized/);
assert.equal(dist.isInitialized(), false);
await dist.initProcessGroup("mpi", { timeout: 60 });
await assert.rejects(dist.initProcessGroup(), /twice/);
const rank = dist.getRank();
const size = dist.getWorldSize();
const ranks = Array.from({ length: size }, (_, i) => i);
let checks = 0;

/** Compares tensors, also their dtypes. */
function same(x, values, dtype = x.dtype) {
  const wanted = torch.tensor(values, { dtype });
  assert.equal(x.dtype, dtype);
  assert.deepEqual(x.tolist(), wanted.tolist());
  checks++;
}
const full = (shape, value) => torch.full(shape, value, { dtype: "float32" });
const fails = (body, pattern) => {
  assert.throws(body, (/** @type {any} */ error) => {
    assert.match(error.message, pattern);
    return error instanceof torch.KindlingError;
  });
  checks++;
};

const floats = ["float32", "float64", "float16", "bfloat16"];
const integers = ["int64", "int32", "int16", "int8", "uint8"];
const bits = ["band", "bor", "bxor"];
const reducers = {
  sum: (a, b) => a + b,
  product: (a, b) => a * b,
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
  band: (a, b) => a & b,
  bor: (a, b) => a | b,
  bxor: (a, b) => a ^ b,
};
/** Small, so that every dtype holds the results. */
const numberOf = (r, i) => ((r * 5 + i * 3) % 3) + 1;
const boolOf = (r, i) => (r + i) % 3 !== 0;
const inputOf = (dtype, r, n = 6) =>
  Array.from({ length: n }, (_, i) => (dtype === "bool" ? boolOf(r, i) : numberOf(r, i)));

function reduced(dtype, op, members = ranks, n = 6) {
  const columns = Array.from({ length: n }, (_, i) => members.map((r) => Number(inputOf(dtype, r, n)[i])));
  if (dtype === "bool") {
    const by = { sum: "max", product: "min", band: "min", bor: "max" }[op] ?? op;
    return columns.map((column) => column.reduce(reducers[by]) !== 0);
  }
  if (op !== "avg") return columns.map((column) => column.reduce(reducers[op]));
  const means = columns.map((column) => column.reduce(reducers.sum) / members.length);
  return integers.includes(dtype) ? means.map(Math.trunc) : means;
}

for (const dtype of [...floats, ...integers, "bool"]) {
  const own = () => torch.tensor(inputOf(dtype, rank), { dtype });
  for (const op of ["sum", "avg", "product", "min", "max", ...bits]) {
    const isWrong = (bits.includes(op) && floats.includes(dtype)) || (op === "avg" && dtype === "bool");
    if (isWrong) {
      fails(() => dist.allReduce(own(), { op }), /allReduce: op "\w+" is for/);
      continue;
    }
    const x = own();
    assert.equal(dist.allReduce(x, op), null);
    same(x, reduced(dtype, op), dtype);
    const y = own();
    dist.reduce(y, size - 1, { op });
    same(y, rank === size - 1 ? reduced(dtype, op) : inputOf(dtype, rank), dtype);
    const z = torch.empty(2, { dtype });
    const all = torch.tensor(inputOf(dtype, rank, 2 * size), { dtype });
    dist.reduceScatterTensor(z, all, { op });
    same(z, reduced(dtype, op, ranks, 2 * size).slice(2 * rank, 2 * rank + 2), dtype);
    const w = torch.empty(2, { dtype });
    dist.reduceScatter(w, [...all.chunk(size)], op);
    same(w, reduced(dtype, op, ranks, 2 * size).slice(2 * rank, 2 * rank + 2), dtype);
  }
  const x = own();
  dist.broadcast(x, size - 1);
  same(x, inputOf(dtype, size - 1), dtype);
  const list = ranks.map(() => torch.zeros(6, { dtype }));
  dist.allGather(list, own());
  for (const r of ranks) same(list[r], inputOf(dtype, r), dtype);
  const whole = torch.zeros(size, 6, { dtype });
  dist.allGatherIntoTensor(whole, own());
  same(
    whole,
    ranks.map((r) => inputOf(dtype, r)),
    dtype,
  );
  const gathered = rank === 0 ? ranks.map(() => torch.zeros(6, { dtype })) : undefined;
  dist.gather(own(), gathered);
  for (const r of ranks) if (gathered) same(gathered[r], inputOf(dtype, r), dtype);
  const part = torch.zeros(6, { dtype });
  const parts = rank === size - 1 ? ranks.map((r) => torch.tensor(inputOf(dtype, r + 1), { dtype })) : null;
  dist.scatter(part, parts, size - 1);
  same(part, inputOf(dtype, rank + 1), dtype);
  const outs = ranks.map((r) => torch.zeros(r + 1, { dtype }));
  const ins = ranks.map((r) => torch.tensor(inputOf(dtype, 7 * rank + r, rank + 1), { dtype }));
  dist.allToAll(outs, ins);
  for (const r of ranks) same(outs[r], inputOf(dtype, 7 * r + rank, r + 1), dtype);
  const single = torch.zeros(size, { dtype });
  dist.allToAllSingle(single, torch.tensor(inputOf(dtype, rank, size), { dtype }));
  same(
    single,
    ranks.map((r) => inputOf(dtype, r, size)[rank]),
    dtype,
  );
  const next = (rank + 1) % size;
  const before = (rank + size - 1) % size;
  const got = torch.zeros(6, { dtype });
  const sent = dist.isend(own(), next);
  assert.equal(dist.recv(got, before), before);
  sent.wait();
  same(got, inputOf(dtype, before), dtype);
}

// Splits that differ.
{
  const inputSplits = ranks.map((r) => r + rank);
  const outputSplits = ranks.map((r) => r + rank);
  const input = full([inputSplits.reduce((a, b) => a + b, 0), 2], rank);
  const output = full([outputSplits.reduce((a, b) => a + b, 0), 2], -1);
  dist.allToAllSingle(output, input, outputSplits, inputSplits);
  same(
    output,
    ranks.flatMap((r) => Array.from({ length: r + rank }, () => [r, r])),
    "float32",
  );
  fails(
    () =>
      dist.allToAllSingle(
        torch.zeros(size),
        torch.zeros(size),
        rank === 0 ? [size, ...ranks.slice(1).fill(0)] : undefined,
      ),
    /rank \d sends 1 elements to rank 0, which receives/,
  );
}

// Layouts: transposed, strided, a part of another tensor, none at all, of no elements.
{
  const base = torch.arange(12, { dtype: "float32" }).reshape(3, 4).add(rank);
  const turned = base.t();
  dist.allReduce(turned);
  const sum = (size * (size - 1)) / 2;
  const wanted = torch.arange(12, { dtype: "float32" }).reshape(3, 4).mul(size).add(sum);
  same(base, wanted.tolist());
  const strided = torch.zeros(8).slice(0, 0, 8, 2);
  strided.add_(rank);
  dist.broadcast(strided, size - 1);
  same(strided, [size - 1, size - 1, size - 1, size - 1]);
  const half = torch.zeros(4, 4, { dtype: "float16" }).select(1, 2);
  dist.allReduce(half.add_(1));
  same(half, [size, size, size, size], "float16");
  const whole = torch.zeros(6);
  dist.allReduce(whole.narrow(0, 2, 2).add_(1));
  same(whole, [0, 0, size, size, 0, 0]);
  const scalar = torch.tensor(rank);
  dist.allReduce(scalar, "max");
  assert.equal(scalar.item(), size - 1);
  for (const dtype of ["float32", "bfloat16", "bool"]) {
    const none = torch.zeros(0, 3, { dtype });
    dist.allReduce(none);
    dist.broadcast(none, 0);
    dist.allGatherIntoTensor(torch.zeros(0, { dtype }), none);
    same(none, torch.zeros(0, 3).tolist(), dtype);
  }
  fails(() => dist.allReduce(torch.zeros(1).expand(3)), /more than one element/);
}

// Writes raise version counters, and gradients notice.
{
  const x = torch.ones(3, { requiresGrad: true });
  const y = x.mul(2);
  const z = y.mul(y);
  const version = y._version;
  dist.broadcast(y.detach(), 0);
  assert.equal(y._version, version + (rank === 0 ? 0 : 1));
  const work = dist.allReduce(y.detach(), { asyncOp: true });
  work.wait();
  assert.ok(y._version > version);
  assert.throws(() => z.sum().backward(), /modified by an inplace operation/);
  checks++;
}

// Several at once, waited for in another order, or not at all.
{
  const xs = Array.from({ length: 100 }, (_, i) =>
    torch.full([i + 1], rank + i, { dtype: i % 2 ? "float32" : "bfloat16" }),
  );
  const works = xs.map((x) => dist.allReduce(x, { op: "max", asyncOp: true }));
  for (const i of [99, 0, 50]) assert.equal(works[i].wait(), true);
  assert.ok(works[50].isCompleted() && works[50].isSuccess() && works[50].exception() === null);
  works[98].wait();
  for (const [i, x] of xs.entries())
    if (i !== 97) {
      works[i].wait();
      same(x, torch.full([i + 1], size - 1 + i, { dtype: x.dtype }).tolist());
    }
  const scoped = torch.tidy(() => dist.allReduce(torch.ones(1000), { asyncOp: true }));
  scoped.wait();
  const big = full([1_000_000], rank + 1);
  dist.allReduce(big);
  assert.equal(big.min().item(), (size * (size + 1)) / 2);
  assert.equal(big.max().item(), (size * (size + 1)) / 2);
}

// Several large ones at once go around in pieces, and again in the memory of those before: each value is of its own place, and
// its sum fits into all types: Open MPI saturates where MPICH wraps around.
for (let round = 0; round < 3; round++) {
  const kinds = [
    ["float32", 700_001],
    ["int8", 1_100_003],
    ["float64", 262_144],
    ["int32", 65_537],
  ];
  const xs = kinds.map(([dtype, n]) =>
    torch
      .arange(n)
      .remainder(23)
      .add(rank + round)
      .to(dtype),
  );
  const wanted = kinds.map(([dtype, n]) =>
    torch
      .arange(n)
      .remainder(23)
      .add(round)
      .mul(size)
      .add((size * (size - 1)) / 2)
      .to(dtype),
  );
  const works = xs.map((x) => dist.allReduce(x, { asyncOp: true }));
  for (const work of works.toReversed()) work.wait();
  for (const [i, x] of xs.entries()) assert.ok(torch.equal(x, wanted[i]), `${kinds[i]} in round ${round}`);
  checks++;
}

// Messages: by tag, from any, several at once.
{
  const next = (rank + 1) % size;
  const before = (rank + size - 1) % size;
  const [a, b] = [torch.zeros(2), torch.zeros(2)];
  const works = [dist.isend(torch.ones(2), next, { tag: 1 }), dist.isend(full([2], 2), next, { tag: 2 })];
  dist.recv(b, before, { tag: 2 });
  dist.recv(a, before, { tag: 1 });
  for (const work of works) work.wait();
  same(torch.stack([a, b]), [
    [1, 1],
    [2, 2],
  ]);
  if (rank === 0) {
    const from = ranks.slice(1).map(() => {
      const x = torch.zeros(1, { dtype: "int64" });
      const r = dist.recv(x);
      assert.equal(x.item(), r);
      return r;
    });
    assert.deepEqual(from.sort(), ranks.slice(1));
  } else dist.send(torch.tensor([rank], { dtype: "int64" }), 0);
  dist.barrier();
  const own = full([3], rank);
  const got = torch.zeros(3);
  const batch = dist.batchIsendIrecv([new dist.P2POp(dist.isend, own, next), new dist.P2POp(dist.irecv, got, before)]);
  for (const work of batch) work.wait();
  same(got, [before, before, before]);
  fails(() => dist.send(own, rank), /should not be the same as the rank/);
  fails(() => dist.send(own, size), /dst must be an integer from 0 to/);
  // What does not fit is refused, and the next message arrives.
  if (rank === 0) {
    dist.send(torch.zeros(100_000), 1);
    dist.send(full([2], 7), 1);
  } else if (rank === 1) {
    const x = torch.ones(3);
    fails(() => dist.recv(x, 0), /recv\(float32 \[3\], src: 0\).*rank 0 sent 100000 elements of float32/);
    same(x, [1, 1, 1]);
    dist.recv(x.narrow(0, 0, 2), 0);
    same(x, [7, 7, 1]);
  }
}

// Values of the program.
{
  const list = ranks.map(() => /** @type {any} */ (null));
  dist.allGatherObject(list, { rank, text: "ä".repeat(rank), tensor: torch.arange(rank), map: new Map([[1, [2n]]]) });
  for (const r of ranks) {
    assert.deepEqual([list[r].rank, list[r].text, list[r].map.get(1)], [r, "ä".repeat(r), [2n]]);
    same(
      list[r].tensor,
      Array.from({ length: r }, (_, i) => i),
      "int64",
    );
  }
  const objects = rank === 1 ? [1, "two", { three: [3] }] : [null, null, null];
  dist.broadcastObjectList(objects, 1);
  assert.deepEqual(objects, [1, "two", { three: [3] }]);
  const gathered = rank === 0 ? ranks.map(() => null) : null;
  dist.gatherObject(`r${rank}`, gathered);
  if (gathered)
    assert.deepEqual(
      gathered,
      ranks.map((r) => `r${r}`),
    );
  const output = [null];
  dist.scatterObjectList(output, rank === 0 ? ranks.map((r) => ({ r })) : null);
  assert.deepEqual(output, [{ r: rank }]);
  fails(() => dist.allGatherObject(list, () => 1), /allGatherObject: .* cannot be sent/);
  checks += 4;
}

// Groups.
{
  assert.equal(dist.getBackend(), "mpi");
  const members = [0, size - 1];
  const group = dist.newGroup([size - 1, 0], { timeout: 30 });
  const isMember = members.includes(rank);
  assert.equal(dist.getRank(group), members.indexOf(rank));
  assert.equal(dist.getWorldSize(group), isMember ? 2 : -1);
  assert.equal(dist.getGlobalRank(group, 1), size - 1);
  assert.equal(dist.getGroupRank(group, size - 1), 1);
  assert.deepEqual(dist.getProcessGroupRanks(group), members);
  const x = torch.tensor(inputOf("float32", rank));
  if (isMember) {
    dist.allReduce(x, { group });
    same(x, reduced("float32", "sum", members));
    dist.broadcast(x.fill_(rank), size - 1, { group });
    same(x, new Array(6).fill(size - 1));
    if (size > 2) fails(() => dist.broadcast(x, 1, { group }), /src has to be a rank of the group/);
  } else {
    const { warn } = console;
    console.warn = () => {};
    assert.equal(dist.allReduce(x, { group }), null);
    console.warn = warn;
    same(x, inputOf("float32", rank));
  }
  const alone = ranks.map((r) => dist.newGroup([r]))[rank];
  dist.allReduce(x.fill_(3), { group: alone, op: "avg" });
  same(x, new Array(6).fill(3));
  fails(() => dist.newGroup([0, 0]), /must not name a rank twice/);
  fails(() => dist.newGroup([size]), /from 0 to/);
  dist.destroyProcessGroup(group);
  fails(() => dist.allReduce(x, { group }), /the group was destroyed/);
}

// Calls of few bytes, of some, and of many, with ranks that are late, while others are under way or not: who carries them out differs, results do not.
{
  const total = (size * (size + 1)) / 2;
  const uniform = (x, value) => {
    assert.deepEqual([x.min().item(), x.max().item()], [value, value]);
    checks++;
  };
  const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  const calls = {
    allReduce: (x) => {
      dist.allReduce(x);
      uniform(x, total);
    },
    broadcast: (x) => {
      dist.broadcast(x, size - 1);
      uniform(x, size);
    },
    reduce: (x) => {
      dist.reduce(x, 0);
      uniform(x, rank === 0 ? total : rank + 1);
    },
    allGather: (x) => {
      const all = torch.zeros([size, x.numel()]);
      dist.allGatherIntoTensor(all, x);
      for (const r of ranks) uniform(all.select(0, r), r + 1);
    },
    scatter: (x) => {
      const list = rank === 0 ? ranks.map((r) => torch.full(x.shape, 10 * r, { dtype: "float32" })) : undefined;
      dist.scatter(x, list);
      uniform(x, 10 * rank);
    },
    gather: (x) => {
      const list = rank === 0 ? ranks.map(() => torch.zeros(x.shape)) : undefined;
      dist.gather(x, list);
      for (const [r, y] of (list ?? []).entries()) uniform(y, r + 1);
    },
    reduceScatter: (x) => {
      const list = ranks.map((r) => torch.full(x.shape, r + rank, { dtype: "float32" }));
      dist.reduceScatter(x, list);
      uniform(x, size * rank + total - size);
    },
  };
  for (const n of [0, 1, 60, 124, 125, 2000, 70_000])
    for (const [i, call] of Object.values(calls).entries()) {
      if (n > 0 && i % size === rank && n < 2000) sleep(2);
      if (n > 0) call(full([n], rank + 1));
      const other = full([300], rank + 1);
      const work = dist.allReduce(other, { asyncOp: true });
      if (n > 0) call(full([n], rank + 1));
      work.wait();
      uniform(other, total);
    }
  // More calls than there are slots, then one that the other thread carries out.
  const one = torch.ones(1);
  for (let i = 0; i < 150; i++) dist.allReduce(one.fill_(rank + 1));
  uniform(one, total);
  const work = dist.allReduce(one.fill_(rank + 1), { asyncOp: true });
  for (let i = 0; i < 150; i++) dist.barrier();
  work.wait();
  uniform(one, total);
  // Sums that depend on the order are the same bits everywhere.
  const bits = full([50], 0.1 * 7 ** (rank - 2));
  dist.allReduce(bits);
  const all = torch.zeros([size, 50]);
  dist.allGatherIntoTensor(all, bits);
  same(
    all,
    ranks.map(() => bits.tolist()),
  );
}

// Ranks that do not agree all hear of it, nothing is written, and they can go on.
{
  const x = full([2 + rank], rank);
  const each = ranks.map((r) => `rank ${r} called allReduce\\(float32 \\[${2 + r}\\], op: "sum"\\)`).join("; ");
  fails(() => dist.allReduce(x), new RegExp(`^allReduce\\(.*the ranks do not agree: ${each}`));
  const big = full([100_000 + rank], rank);
  fails(() => dist.allReduce(big), /do not agree/);
  assert.equal(big.min().item(), rank);
  assert.equal(big.max().item(), rank);
  fails(() => dist.allReduce(torch.zeros(2, { dtype: rank === 0 ? "int32" : "float32" })), /allReduce\(int32 \[2\]/);
  fails(() => dist.allReduce(torch.zeros(2), rank === 0 ? "min" : "max"), /op: "min"/);
  fails(() => dist.broadcast(torch.zeros(2), rank === 0 ? 0 : 1), /src: 1/);
  fails(() => (rank === 0 ? dist.barrier() : dist.allReduce(torch.zeros(2))), /barrier\(\)/);
  fails(() => dist.newGroup(rank === 0 ? [0] : [0, 1]), /newGroup\(\[0\]\)/);
  fails(() => dist.allReduce(x, { op: "mean" }), /op must be one of/);
  fails(() => dist.allReduce([1]), /tensor must be a Tensor/);
  fails(() => dist.allGather([x], x), /tensorList has to have one tensor for each of the \d ranks/);
  fails(() => dist.allGatherIntoTensor(torch.zeros(1), x), /output has to have the elements of/);
  fails(() => dist.allReduce(x, { group2: null }), /unknown argument "group2"/);
  const after = torch.ones(1);
  dist.allReduce(after);
  same(after, [size]);
  dist.monitoredBarrier({ timeout: 30 });
}

dist.destroyProcessGroup();
assert.equal(dist.isInitialized(), false);
fails(() => dist.barrier(), /has not been initialized/);
await dist.initProcessGroup({ worldSize: size, rank });
const last = torch.ones(1);
dist.allReduce(last);
same(last, [size]);
// One write for each line: launchers pass on what they get.
process.stdout.write(`rank ${rank} of ${size}: ${checks} checks\n`);
