# Owns: case U and randn in eager torch, one thread. Reads lines "u n repeats" or "randn n repeats" and answers with
# milliseconds of processor time a call.
import sys
import time
import torch

torch.set_num_threads(1)
torch.set_grad_enabled(False)
data, size = [], 0
for line in iter(sys.stdin.readline, ""):
    what, n, repeats = line.split()
    n, repeats = int(n), int(repeats)
    if n != size:
        data, size = [torch.randn(n) for _ in range(5)], n
    x, u, c, e1, z = data
    start = time.process_time()
    for _ in range(repeats):
        if what == "u":
            e0 = u + 7.5 * (c - u)
            out = 0.9 * x + 0.1 * e0 + 0.2 * e1 + 0.3 * z
        else:
            out = torch.randn(n)
    print((time.process_time() - start) * 1e3 / repeats, flush=True)
