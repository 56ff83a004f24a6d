/** A Worker of Cloudflare: the kernels are compiled by the platform, when the program is uploaded. */
import * as torch from "kindling";
import kernels from "./kernels.wasm";
import { run } from "./program.js";

torch.backends.wasm.module = kernels;

// biome-ignore lint/style/noDefaultExport: the platform asks for it
export default {
  async fetch() {
    try {
      return Response.json(await run(torch));
    } catch (error) {
      return new Response(String(error?.stack ?? error), { status: 500 });
    }
  },
};
