/** Run by every rank, and by a process that is alone: trains LeNet, and plays other scenarios. Rank 0 prints what came of it on all, as one line. */
import { createHash } from "node:crypto";
import * as ddp from "../ddpScenarios.mjs";
import * as others from "../otherScenarios.mjs";

const torch = await import(new URL("../../../dist/kindling.js", import.meta.url).href);
const { distributed: dist } = torch;
torch.setNumThreads(1);
await dist.initProcessGroup({ timeout: 60 });
const [rank, size] = [dist.getRank(), dist.getWorldSize()];
const play = (scenario, argument) => scenario({ torch, rank, size, argument });

const { losses, weights } = play(ddp.leNet, { options: { gradientAsBucketView: true } });
const bits = createHash("sha256").update(JSON.stringify(weights)).digest("hex");
const more =
  size === 1
    ? {}
    : {
        sums: play(ddp.accumulation, {}),
        unused: play(ddp.unusedParameters, {}).grads,
        hooks: play(ddp.commHooks, { name: "fp16CompressHook" }).grad,
        joined: (await play(ddp.joined, { join: {} })).later,
        zero: play(others.zero, { name: "Adam" }).weights,
      };
const norm = play(others.syncedNorm, { dtype: "float64" });
const own = { rank, size, losses, bits, ...more, running: norm.running.slice(0, 2) };
// Launchers mix what several ranks write.
const all = Array.from({ length: size }, () => null);
dist.gatherObject(own, rank === 0 ? all : null);
if (rank === 0) console.log(JSON.stringify(all));
dist.destroyProcessGroup();
