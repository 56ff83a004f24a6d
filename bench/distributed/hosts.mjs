/**
 * Runs a program on 2 to 4 ranks, each in a network namespace of its own: hosts with one core's share of this machine, joined by links of limited bandwidth
 * and latency. Needs Linux, root, `ip`, `tc` and MPICH; says what is missing and ends with exit code 0 where namespaces are not allowed.
 *
 *     node bench/distributed/hosts.mjs --ranks 2 --rate 1gbit --latency 0.1ms bench/distributed/overlap.mjs
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ranks: { type: "string", default: "2" },
    rate: { type: "string", default: "1gbit" },
    latency: { type: "string", default: "0ms" },
  },
});
const ranks = Number(values.ranks);
const program = positionals[0] ?? "bench/distributed/overlap.mjs";
if (!(ranks >= 2 && ranks <= 4)) throw new Error(`--ranks must be 2 to 4, got ${values.ranks}`);

const id = process.pid.toString(36);
const bridge = `kb${id}`;
const hosts = Array.from({ length: ranks }, (_, i) => ({
  ns: `kh${id}-${i}`,
  veth: `kv${id}${i}`,
  ip: `10.77.77.${i + 1}`,
}));

const run = (command) => {
  const { status, stderr, error } = spawnSync("sh", ["-c", command], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command}: ${error?.message ?? stderr.trim()}`);
};

/** Why there can be no namespaces; empty if there can. */
function obstacle() {
  for (const tool of ["ip -V", "tc -V", "mpirun.mpich --version"])
    if (spawnSync("sh", ["-c", tool]).status !== 0)
      return `${tool.split(" ")[0]} is not there (apt-get install iproute2 mpich)`;
  try {
    run(`ip netns add kt${id} && ip netns del kt${id}`);
    return "";
  } catch (error) {
    return `network namespaces are not allowed here (${error.message})`;
  }
}

function connect() {
  run(`ip link add name ${bridge} type bridge && ip link set ${bridge} up`);
  for (const { ns, veth, ip } of hosts) {
    run(`ip netns add ${ns}`);
    run(`ip link add ${veth} type veth peer name eth0 netns ${ns}`);
    run(`ip link set ${veth} master ${bridge} up`);
    run(`ip -n ${ns} addr add ${ip}/24 dev eth0 && ip -n ${ns} link set eth0 up && ip -n ${ns} link set lo up`);
    // What a host sends is delayed, where that is asked for and the kernel can, and let through at the rate of the link.
    const isDelayed = Number.parseFloat(values.latency) > 0;
    if (isDelayed)
      run(`ip netns exec ${ns} tc qdisc add dev eth0 root handle 1: netem delay ${values.latency} limit 100000`);
    const parent = isDelayed ? "parent 1: handle 2:" : "root";
    run(`ip netns exec ${ns} tc qdisc add dev eth0 ${parent} tbf rate ${values.rate} burst 256kb latency 100ms`);
  }
}

function disconnect() {
  for (const command of [...hosts.map(({ ns }) => `ip netns del ${ns}`), `ip link del ${bridge}`])
    spawnSync("sh", ["-c", command]);
}

/** What MPICH starts in the place of ssh: a shell in the namespace of a host, on a core of its own as far as there are any. */
function launcher(folder) {
  const cores = availableParallelism();
  const cases = hosts.map(({ ns, ip }, i) => `${ip}) ns=${ns}; core=${i % cores};;`).join(" ");
  const path = join(folder, "launch.sh");
  const text = `#!/bin/sh
while [ "\${1#-}" != "$1" ]; do shift; done
case "$1" in ${cases} esac
shift
exec ip netns exec $ns taskset -c $core sh -c "$*"
`;
  writeFileSync(path, text, { mode: 0o755 });
  return path;
}

const why = obstacle();
if (why !== "") {
  console.log(`skipped: ${why}`);
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), "kindling-hosts-"));
let status = 1;
try {
  connect();
  const list = hosts.map(({ ip }) => ip).join(",");
  const command = `ip netns exec ${hosts[0].ns} mpirun.mpich -launcher ssh -launcher-exec ${launcher(folder)} -hosts ${list} -n ${ranks} node ${program}`;
  // Ranks on one machine would otherwise meet in its memory.
  const env = { ...process.env, MPIR_CVAR_NOLOCAL: "1", UCX_TLS: "tcp,self", UCX_NET_DEVICES: "eth0" };
  console.log(`${ranks} hosts, ${values.rate}, ${values.latency} latency: ${program}`);
  status = spawnSync("sh", ["-c", command], { stdio: "inherit", env }).status ?? 1;
} finally {
  disconnect();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(status);
