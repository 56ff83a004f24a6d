/** A small training on a device: the same text in every runtime. */
export async function run(torch) {
  await torch.webgpu.init();
  const train = async (device) => {
    torch.manualSeed(0);
    const { nn, optim } = torch;
    const x = torch.randn(32, 20).to(device);
    const y = torch.randint(0, 4, [32]).to(device);
    const model = new nn.Sequential(new nn.Linear(20, 16), new nn.ReLU(), new nn.Linear(16, 4)).to(device);
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.2, momentum: 0.5 });
    const losses = [];
    for (let step = 0; step < 10; step++) {
      const loss = nn.functional.crossEntropy(model(x), y);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      losses.push((await loss.detach().cpu()).item());
    }
    return losses;
  };
  return { name: torch.webgpu.getDeviceName(), cpu: await train("cpu"), gpu: await train("webgpu") };
}
