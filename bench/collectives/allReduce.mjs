/** One rank: times all-reduces of float32 of the numbers of bytes given, and prints the times in µs as JSON on rank 0. */
const torch = await import(new URL("../../dist/kindling.js", import.meta.url).href);
const dist = torch.distributed;
const [slice, ...sizes] = process.argv.slice(2).map(Number);
await dist.initProcessGroup({ timeout: 120 });

/** How often a call fits into the slice, the same on all ranks. */
function repeats(x) {
  const start = performance.now();
  dist.allReduce(x);
  const count = torch.tensor([Math.max(3, Math.min(5000, slice / (performance.now() - start)))]);
  dist.allReduce(count, "min");
  return Math.floor(count.item());
}

const times = {};
for (const bytes of sizes) {
  const x = torch.zeros(bytes / 4);
  // Few bytes take less time than a compiler that is still at work.
  for (let i = bytes < 1 << 16 ? 1000 : 2; i > 0; i--) dist.allReduce(x);
  const own = [];
  for (let i = repeats(x); i > 0; i--) {
    const start = performance.now();
    dist.allReduce(x);
    own.push((performance.now() - start) * 1000);
  }
  times[bytes] = own;
}
if (dist.getRank() === 0) process.stdout.write(`${JSON.stringify(times)}\n`);
