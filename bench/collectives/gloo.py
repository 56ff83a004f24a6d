"""One rank of PyTorch's gloo: the same as allReduce.mjs. Arguments: rank, ranks, port, slice in ms, numbers of bytes."""

import json
import os
import sys
import time

import torch
import torch.distributed as dist

rank, size, port, slice_ms = (int(x) for x in sys.argv[1:5])
os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
torch.set_num_threads(1)
dist.init_process_group("gloo", rank=rank, world_size=size)


def repeats(x):
    start = time.perf_counter()
    dist.all_reduce(x)
    count = torch.tensor([max(3.0, min(5000.0, slice_ms / ((time.perf_counter() - start) * 1000)))])
    dist.all_reduce(count, op=dist.ReduceOp.MIN)
    return int(count.item())


times = {}
for n in map(int, sys.argv[5:]):
    x = torch.zeros(n // 4)
    for _ in range(1000 if n < 1 << 16 else 2):
        dist.all_reduce(x)
    own = []
    for _ in range(repeats(x)):
        start = time.perf_counter()
        dist.all_reduce(x)
        own.append((time.perf_counter() - start) * 1e6)
    times[n] = own
if rank == 0:
    print(json.dumps(times))
