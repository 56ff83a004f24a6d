/** The pages of the site in their order. `test/docs/site.test.ts` finds pages that are missing here. */
const pages = (...items) => items.map(([text, link]) => ({ text, link }));

export const sidebar = [
  {
    text: "Begin",
    items: pages(["Quick start", "/"], ["From PyTorch", "/from-pytorch"], ["PyTorch's names → ours", "/name-table"]),
  },
  {
    text: "Tutorials",
    items: pages(
      ["Tensors", "/tutorials/tensors"],
      ["Data sets and loaders", "/tutorials/data"],
      ["Transforms", "/tutorials/transforms"],
      ["Autograd", "/tutorials/autograd"],
      ["Building a network", "/tutorials/build-model"],
      ["Optimization", "/tutorials/optimization"],
      ["Saving and loading", "/tutorials/save-load"],
    ),
  },
  {
    text: "How to",
    items: pages(
      ["Train on your own pictures", "/how-to/own-pictures"],
      ["Load a .pth from PyTorch", "/how-to/load-pth"],
      ["Use it in Vite", "/how-to/vite"],
      ["Turn on threads on GitHub Pages", "/how-to/github-pages"],
      ["Write a custom layer", "/how-to/custom-layer"],
      ["Freeze layers", "/how-to/freeze-layers"],
      ["Export ONNX", "/how-to/export-onnx"],
      ["Profile a slow step", "/how-to/profile"],
      ["Keep a page responsive", "/how-to/training-worker"],
    ),
  },
  {
    text: "Guides",
    items: pages(
      ["Threads and headers", "/threads-and-headers"],
      ["Performance", "/performance"],
      ["Compiled functions", "/compile"],
      ["Quantization", "/quantization"],
      ["Memory", "/memory"],
      ["Debugging", "/debugging"],
      ["Bundling", "/bundling"],
      ["Autograd in depth", "/autograd"],
      ["Files", "/files"],
      ["Checkpoints", "/checkpoints"],
      ["ONNX", "/onnx"],
      ["Darknet", "/darknet"],
      ["Pictures", "/pictures"],
      ["Transforms in pictures", "/transforms"],
      ["Text and audio", "/text-and-audio"],
      ["Seeing a model", "/seeing"],
      ["TensorBoard", "/tensorboard"],
      ["WebGPU", "/webgpu"],
      ["Data-parallel training", "/data-parallel"],
      ["Many machines", "/distributed"],
    ),
  },
  {
    text: "About",
    items: pages(
      ["Comparison", "/comparison"],
      ["How it works", "/how-it-works"],
      ["Add an op", "/add-an-op"],
      ["Devices", "/devices"],
      ["Kernels", "/kernels"],
      ["Fuzzing", "/fuzzing"],
      ["Ops and PyTorch's samples", "/ops"],
      ["What became of each name", "/names"],
      ["Glossary", "/glossary"],
    ),
  },
];
